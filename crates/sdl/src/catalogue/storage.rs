//! Codes 041 to 049: volumes and mounts.

use super::{Example, Lesson, Level, lines};

pub(crate) const NOT_MOUNTED: Lesson = Lesson {
    level: Level::Either,
    explanation: "A persistent volume is of use only where the service mounts it. Unmounted, it \
        is ordered and paid for, while the container writes to its own disk, which is gone with \
        the container. In 2.0 this is an error when the service mounts nothing at all; when it \
        mounts other volumes, and in 2.1, the chain's tools take it and it is a warning. The web \
        console wants every persistent volume mounted. Name the volume under `params.storage` of \
        the service, with its path.",
    example: Example::Lines {
        instead_of: lines![
            "    image: postgres:17",
            "    params:",
            "      storage:",
            "        data:",
            "          mount: /var/lib/postgresql/data",
        ],
        wrong: "    image: postgres:17",
        right: lines![
            "    image: postgres:17",
            "    params:",
            "      storage:",
            "        data:",
            "          mount: /var/lib/postgresql/data",
        ],
    },
};

pub(crate) const UNKNOWN_VOLUME: Lesson = Lesson {
    level: Level::Error,
    explanation: "Each key of `params.storage` is the name of a volume of the profile that the \
        service is deployed with, in every placement. For a name that leads nowhere the provider \
        would mount nothing, and the data would be gone with the container. A volume without \
        `name` is called `default`, and so is always the one of a `storage` that is no list. \
        Correct one of the two names.",
    example: Example::Lines {
        instead_of: lines!["      storage:", "        shm:", "          mount: /dev/shm"],
        wrong: lines!["      storage:", "        shn:", "          mount: /dev/shm"],
        right: lines!["      storage:", "        shm:", "          mount: /dev/shm"],
    },
};

pub(crate) const MOUNT_PATH: Lesson = Lesson {
    level: Level::Error,
    explanation: "`mount` is the folder of the container in which the volume appears. It must be \
        given and start with `/`, because a relative path would depend on the image. Two volumes \
        of one service cannot have one path: one would hide the other. Write the full path.",
    example: Example::Lines {
        instead_of: lines!["        data:", "          mount: /var/lib/postgresql/data"],
        wrong: lines!["        data:", "          mount: var/lib/postgresql/data"],
        right: lines!["        data:", "          mount: /var/lib/postgresql/data"],
    },
};

pub(crate) const CLASS_NEEDS_PERSISTENT: Lesson = Lesson {
    level: Level::Error,
    explanation: "The classes `default`, `beta1`, `beta2` and `beta3` are for storage that \
        outlives the container, so they stand beside `persistent: true`. A volume without a \
        class is a part of the container's own disk, and one of class `ram` is memory; both are \
        lost with the container. Add `persistent: true`, or drop the class.",
    example: Example::Lines {
        instead_of: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
        wrong: lines!["            attributes:", "              class: beta3"],
        right: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
    },
};

pub(crate) const STORAGE_CLASS: Lesson = Lesson {
    level: Level::Error,
    explanation: "The storage classes are `default`, `beta1`, `beta2`, `beta3` and `ram`. A \
        provider says by these names what it has, `beta3` being the fastest disks, so another \
        name would match nobody. A persistent volume without a class gets `default`. Pick one of \
        the five.",
    example: Example::Lines {
        instead_of: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
        wrong: lines![
            "            attributes:",
            "              persistent: true",
            "              class: nvme",
        ],
        right: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
    },
};

pub(crate) const PERSISTENT: Lesson = Lesson {
    level: Level::Error,
    explanation: "`persistent` of a volume is `true` or `false` in small letters; `on`, `yes`, \
        `off` and `no` are read as well. `True`, `y` and `1` are not, unlike elsewhere, because \
        the word becomes an attribute that providers compare as text. Write `true`: only this word \
        brings the class `default` with it where none is given, and providers take no persistent \
        volume without a class.",
    example: Example::Lines {
        instead_of: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
        wrong: lines![
            "            attributes:",
            "              persistent: True",
            "              class: beta3",
        ],
        right: lines![
            "            attributes:",
            "              persistent: true",
            "              class: beta3",
        ],
    },
};

pub(crate) const RAM_VOLUME: Lesson = Lesson {
    level: Level::Error,
    explanation: "A volume of class `ram` is memory that looks like a folder, and is empty \
        whenever the container starts. So it cannot be persistent: beside it stands \
        `persistent: false`, in this very word, or nothing. In 2.1 it cannot be mounted with \
        `readOnly` either, as nobody could fill it. Its size counts as storage, not as memory. \
        Mount it on `/dev/shm` to have shared memory.",
    example: Example::Lines {
        instead_of: lines![
            "            attributes:",
            "              persistent: false",
            "              class: ram",
        ],
        wrong: lines![
            "            attributes:",
            "              persistent: true",
            "              class: ram",
        ],
        right: lines![
            "            attributes:",
            "              persistent: false",
            "              class: ram",
        ],
    },
};

pub(crate) const VOLUME_TWICE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Services mount a volume by its name, so each volume of a profile has a name of \
        its own. One without `name` is called `default`, so two of those clash. Give each volume a \
        `name`.",
    example: Example::Lines {
        instead_of: lines!["          - name: default", "            size: 100Gi"],
        wrong: lines!["          - size: 100Gi", "          - size: 50Gi"],
        right: lines![
            "          - name: default",
            "            size: 100Gi",
            "          - name: cache",
            "            size: 50Gi",
        ],
    },
};

pub(crate) const NO_STORAGE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Each compute profile has at least one volume, since no container runs without a \
        disk. `storage` is a mapping with `size`, or a list of volumes. A size right behind \
        `storage:`, an empty list or nothing is no volume. A volume has from 5 MiB to 32 TiB \
        (SDL060).",
    example: Example::Lines {
        instead_of: lines!["        storage:", "          size: 1Gi"],
        wrong: "        storage: 1Gi",
        right: lines!["        storage:", "          size: 1Gi"],
    },
};
