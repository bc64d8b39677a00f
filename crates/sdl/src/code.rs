//! The codes: every one that this crate can report, with its headline.
//!
//! A code keeps its meaning for ever. The tens say what a code is about: text and structure (00,
//! 01), price (02), names that refer to each other (03), storage (04), ports and hosts (05),
//! quantities and GPUs (06), services and placements (07), changes of a lease (08), mistakes that
//! are no errors, and layout (09), prices of a market (10). Number 067 stays free.
//!
//! The word in brackets is the module of [`crate::catalogue`] that explains the codes below it: a
//! code without a lesson there does not compile, and a lesson without a code is dead code.

use undercut_primitives::Code;

use crate::catalogue::{self, Entry};

macro_rules! catalogue {
    ($([$module:ident] $($name:ident $text:literal $headline:literal;)*)*) => {
        $($(
            #[doc = $headline]
            pub(crate) const $name: Code = Code::new($text);
        )*)*

        /// Every code, in ascending order.
        pub const CATALOGUE: &[Entry] = &[$($(
            Entry::new($name, $headline, catalogue::$module::$name)
        ),*),*];
    };
}

catalogue! {
    [text]
    INDENTATION "SDL001" "a line is indented differently from its neighbours";
    VERSION "SDL002" "`version` is missing or is not one that is supported";
    SYNTAX "SDL003" "the text is not YAML";
    CHARACTER "SDL004" "the text has bytes or characters that YAML does not allow";
    TOO_LONG "SDL005" "the text is longer than the limit";
    TOO_DEEP "SDL006" "lists and mappings are nested deeper than the limit";
    TOO_MANY_NODES "SDL007" "the text has more values than the limit";
    TOO_MANY_ALIASES "SDL008" "aliases repeat more values than the limit";
    ALIAS "SDL009" "an alias names no anchor, or an anchor contains itself";
    [values]
    SECOND_DOCUMENT "SDL010" "the text has more than one document";
    DUPLICATE_KEY "SDL011" "a key stands twice in one mapping";
    WRONG_TYPE "SDL012" "a value has the wrong kind";
    UNKNOWN_KEY "SDL013" "a key is not known here";
    SIZE "SDL014" "a size cannot be read";
    CPU "SDL015" "a number of CPUs cannot be read";
    NUMBER "SDL016" "a whole number cannot be read or does not fit";
    FLAG "SDL017" "a yes-or-no value is neither";
    MISSING "SDL018" "a required value is missing";
    EMPTY "SDL019" "the text has no document";
    MERGE "SDL020" "a merge key has nothing to merge";
    [price]
    DENOM "SDL021" "a price is in something that is no denom";
    AMOUNT "SDL022" "the amount of a price cannot be read or is not positive";
    MIXED_DENOMS "SDL023" "prices of one deployment are in different denoms";
    PRICE_LIMIT "SDL024" "a price is above the limit";
    [names]
    UNKNOWN_SERVICE "SDL030" "a deployment names a service that does not exist";
    UNKNOWN_PROFILE "SDL031" "a deployment uses a compute profile that does not exist";
    UNKNOWN_PLACEMENT "SDL032" "a deployment uses a placement that does not exist";
    NO_PRICE "SDL033" "a placement has no price for a compute profile in use";
    NOTHING_DEPLOYED "SDL034" "the deployment places no service";
    COUNT "SDL035" "a service is to run zero times";
    [storage]
    NOT_MOUNTED "SDL041" "a persistent volume is not mounted";
    UNKNOWN_VOLUME "SDL042" "a mount names a volume that the profile does not have";
    MOUNT_PATH "SDL043" "a mount path is missing, relative, or used twice";
    CLASS_NEEDS_PERSISTENT "SDL044" "a storage class needs `persistent: true`";
    STORAGE_CLASS "SDL045" "a storage class is not known";
    PERSISTENT "SDL046" "`persistent` is neither true nor false";
    RAM_VOLUME "SDL047" "a `ram` volume is persistent or read-only";
    VOLUME_TWICE "SDL048" "two volumes of one profile have one name";
    NO_STORAGE "SDL049" "a compute profile has no storage";
    [ports]
    PORT "SDL050" "a port is out of range";
    PROTOCOL "SDL051" "a protocol is neither TCP nor UDP";
    IP_COLLISION "SDL052" "two ports land on one port of one leased IP";
    IP_NOT_GLOBAL "SDL053" "a leased IP is used without `global: true`";
    IP_UNDECLARED "SDL054" "a leased IP is not declared under `endpoints`";
    IP_UNUSED "SDL055" "a declared leased IP is not used";
    IP_DECLARATION "SDL056" "an endpoint has a bad name or kind";
    HOST "SDL057" "a host name is not valid";
    HOST_TWICE "SDL058" "a host name stands twice in one deployment";
    HTTP_OPTION "SDL059" "an HTTP option is out of range or not known";
    [quantities]
    UNIT_LIMIT "SDL060" "one replica asks for less or more than the limits";
    GROUP_LIMIT "SDL061" "a group asks for less or more than the limits";
    UNKNOWN_GPU "SDL062" "no GPU model of this name is known";
    GPU_ATTRIBUTES "SDL063" "GPU units and GPU attributes do not fit together";
    GPU_VENDOR "SDL064" "a GPU vendor is missing or not supported";
    GPU_MODEL "SDL065" "a GPU model, memory or interface is not valid";
    GPU_TWICE "SDL066" "two GPU alternatives are the same";
    [services]
    SERVICE_NAME "SDL070" "a service name is not valid";
    IMAGE "SDL071" "a service has no image";
    TO_SERVICE "SDL072" "`to.service` does not name a service";
    NO_GLOBAL "SDL073" "no service of the deployment can be reached from outside";
    ENVIRONMENT "SDL074" "the name of an environment variable is not valid";
    CREDENTIALS "SDL075" "registry credentials are not complete";
    TEE "SDL076" "`tee` is not valid";
    RECLAMATION "SDL077" "a reclamation window is not valid";
    PLACEMENT_NAME "SDL078" "a placement has an empty name";
    MANIFEST_LENGTH "SDL079" "the manifest would be longer than the limit";
    [market]
    CHANGES_LEASE "SDL081" "an update changes what the order auctioned";
    [habits]
    IGNORED_KEY "SDL090" "a key is not known and is ignored";
    OCTAL "SDL091" "a number with a leading zero is read as octal";
    UNUSED_SERVICE "SDL092" "a service is not deployed";
    SAME_SIZE "SDL093" "two volumes of one profile cannot be told apart by their order";
    UNUSUAL_VERSION "SDL094" "a version other than 2.0 and 2.1 follows the rules of one of them";
    UNUSED_PROFILE "SDL095" "a compute profile is not used";
    LAYOUT "SDL098" "the text cannot be laid out anew without changing what it says";
    [market]
    LOW_CEILING "SDL101" "the ceiling is below every known price";
    ODD_SIZE "SDL102" "a size is no whole number of MiB";
    HIGH_CEILING "SDL103" "the ceiling is far above every known price";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_have_one_form() {
        for pair in CATALOGUE.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
        }
        for entry in CATALOGUE {
            let digits = entry.code.as_str().strip_prefix("SDL").expect("codes start with SDL");
            assert!(digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(!entry.headline.ends_with('.'));
        }
    }
}
