//! Planted bugs of frames, seals, proofs, and of keeping a log in files.

use super::bug::{Bug, Edit, Guard, MERKLE, ledger, second_verifier, store};

const FRAME: &str = "crates/ledger/src/log/frame.rs";
const CHAIN: &str = "crates/ledger/src/log/chain.rs";
const LIST_PROOF: &str = "crates/ledger/src/merkle/list_proof.rs";
const STATE_PROOF: &str = "crates/ledger/src/merkle/state_proof.rs";
const RECOVER: &str = "crates/store/src/recover.rs";
const WRITER: &str = "crates/store/src/writer.rs";
const READING: &str = "crates/store/src/reading.rs";
const FOLDER: &str = "crates/store/src/folder.rs";
const SNAPSHOT: &str = "crates/store/src/snapshot.rs";

/// Power is lost at every operation.
const CRASH: Guard = store("whatever_was_acknowledged_is_there_after_a_crash_at_any_operation");
const DAMAGED_FOLDERS: Guard = second_verifier("both_refuse_every_kind_of_damage_to_a_folder");
const FORGED: Guard =
    second_verifier("both_refuse_a_forged_record_whose_checksums_and_seals_all_fit");

/// All of them.
pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "fsync-off",
        guards: &[CRASH],
        edits: &[Edit {
            file: RECOVER,
            find: "    uninterrupted(|| file.sync_data()).map_err(StoreError::disk(segment, \"sync it\"))",
            put: "    let _ = (file, segment);
    Ok(())",
        }],
    },
    Bug {
        name: "acknowledged-before-the-sync",
        guards: &[CRASH],
        edits: &[Edit {
            file: WRITER,
            find: "        sync_data(&*self.current.file, &self.current.name)?;
        self.acknowledged = before.head;",
            put: "        self.acknowledged = before.head;
        if self.group.is_empty() {
            sync_data(&*self.current.file, &self.current.name)?;
        }",
        }],
    },
    Bug {
        name: "folder-not-synced",
        guards: &[CRASH],
        edits: &[Edit {
            file: RECOVER,
            find: "    uninterrupted(|| disk.sync_folder()).map_err(StoreError::disk(\"the folder\", \"sync it\"))",
            put: "    let _ = disk;
    Ok(())",
        }],
    },
    Bug {
        name: "new-segment-not-synced",
        guards: &[CRASH],
        edits: &[Edit {
            file: RECOVER,
            find: "    uninterrupted(|| file.sync_all()).map_err(wrong(\"sync it\"))?;
    uninterrupted(|| disk.rename(SEGMENT_NEW",
            put: "    uninterrupted(|| disk.rename(SEGMENT_NEW",
        }],
    },
    Bug {
        name: "rotation-not-synced",
        guards: &[CRASH],
        edits: &[Edit {
            file: WRITER,
            find: "        self.write_mark(mark, Continued::Yes)?;
        sync_data(&*self.current.file, &self.current.name)?;",
            put: "        self.write_mark(mark, Continued::Yes)?;",
        }],
    },
    Bug {
        name: "continuation-unchecked",
        guards: &[DAMAGED_FOLDERS],
        edits: &[Edit {
            file: FOLDER,
            find: "before.damaged.is_some() || !has_records",
            put: "before.damaged.is_some() || has_records || !has_records",
        }],
    },
    Bug {
        name: "damage-amid-the-log-is-cut",
        guards: &[
            store("every_flipped_bit_of_a_record_is_refused_with_its_place"),
            DAMAGED_FOLDERS,
        ],
        edits: &[Edit {
            file: READING,
            find: "                let segment = segment.name.clone();
                Err(StoreError::Frame { segment, offset, sequence, source })",
            put: "                let _ = (segment, source);
                Ok(None)",
        }],
    },
    Bug {
        name: "watermark-unchecked",
        guards: &[DAMAGED_FOLDERS],
        edits: &[Edit {
            file: READING,
            find: "head == watermark.head && chain.is_between_blocks()",
            put: "(head == watermark.head || chain.is_between_blocks())",
        }],
    },
    Bug {
        name: "snapshot-of-another-log",
        guards: &[store("the_newest_snapshot_that_is_whole_and_of_this_log_is_taken")],
        edits: &[Edit {
            file: SNAPSHOT,
            find: "if !has_head(disk, layout, snapshot.head)? {",
            put: "if !has_head(disk, layout, snapshot.head)? && records == u64::MAX {",
        }],
    },
    Bug {
        name: "checksum-unchecked",
        guards: &[ledger("every_flipped_bit_is_noticed_in_its_record")],
        edits: &[Edit { file: FRAME, find: "if found != computed {", put: "if false {" }],
    },
    Bug {
        name: "longer-seal-accepted",
        guards: &[FORGED],
        edits: &[
            Edit {
                file: CHAIN,
                find: "let seal = Seal::decode(frame.payload, frame.payload.len());",
                put: "let seal = Seal::decode(frame.payload.get(..144).unwrap_or_default(), 144);",
            },
            Edit {
                file: FRAME,
                find: "Kind::Seal => Seal::decode(self.payload, BODY_BYTES_MAX).map(E::from_seal),",
                put: "Kind::Seal => Seal::decode(self.payload.get(..144).unwrap_or_default(), 144)
                .map(E::from_seal),",
            },
        ],
    },
    Bug {
        name: "history-unchecked",
        guards: &[FORGED, ledger("records_that_do_not_follow_are_refused")],
        edits: &[Edit {
            file: CHAIN,
            find: "            (SealField::History, seal.history, self.history.root()),\n",
            put: "",
        }],
    },
    Bug {
        name: "last-leaf-doubled",
        guards: &[
            ledger("peaks_give_the_root_over_the_leaves_so_far"),
            ledger("paths_are_those_of_the_standard"),
        ],
        edits: &[Edit {
            file: MERKLE,
            find: "[single] => *single,",
            put: "[single] => node(single, single),",
        }],
    },
    Bug {
        name: "end-of-a-path-unread",
        guards: &[ledger("every_alteration_of_a_path_to_a_leaf_is_noticed")],
        edits: &[Edit {
            file: LIST_PROOF,
            find: "path.next().is_none().then_some(hash)",
            put: "Some(hash)",
        }],
    },
    Bug {
        name: "index-beyond-the-list-proved",
        guards: &[ledger("every_leaf_of_every_size_is_proved_at_its_place_and_nowhere_else")],
        edits: &[Edit { file: LIST_PROOF, find: "index < size && climb", put: "climb" }],
    },
    Bug {
        name: "order-of-steps-unbound",
        guards: &[ledger("steps_that_do_not_descend_lead_nowhere")],
        edits: &[Edit {
            file: STATE_PROOF,
            find: "if !steps.is_sorted_by(|above, below| above.bit < below.bit) {",
            put: "if false {",
        }],
    },
];
