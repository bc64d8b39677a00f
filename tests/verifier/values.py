"""Canonical form of the values in a log: decoding and encoding by one table.

Written from docs/log-format.md alone. A type here knows how to read its form from bytes and how to
write it. `decode` reads a value, writes it again and refuses the bytes when they differ.
"""

import re

VALUE_BYTES_MAX = 4 * 1024 * 1024


class Refused(Exception):
    """Bytes that are no value of the type."""


class Cursor:
    """Bytes, and how many of them are read."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise Refused("%d bytes wanted, %d are left" % (count, len(self.data) - self.at))
        taken = self.data[self.at : end]
        self.at = end
        return taken


class Integer:
    """An integer of a fixed width; the least significant byte comes first."""

    def __init__(self, width, signed=False, least=None, most=None):
        self.width, self.signed, self.least, self.most = width, signed, least, most

    def read(self, cursor):
        value = int.from_bytes(cursor.take(self.width), "little", signed=self.signed)
        if self.least is not None and not self.least <= value <= self.most:
            raise Refused("%d is not in %d to %d" % (value, self.least, self.most))
        return value

    def write(self, value, out):
        out.append(value.to_bytes(self.width, "little", signed=self.signed))


U8, U32, U64, U128 = (Integer(width) for width in (1, 4, 8, 16))
I64 = Integer(8, signed=True)
BOOL = Integer(1, least=0, most=1)


class Bytes:
    """A number of bytes without a length."""

    def __init__(self, width):
        self.width = width

    def read(self, cursor):
        return cursor.take(self.width)

    def write(self, value, out):
        out.append(value)


def read_length(cursor):
    """A length or a count: no more than the bytes that are left, as no item is without bytes."""
    length = U64.read(cursor)
    left = len(cursor.data) - cursor.at
    if length > left:
        raise Refused("a length of %d with %d bytes left" % (length, left))
    return length


class Text:
    """UTF-8 with its length in bytes; perhaps of a given shape."""

    def __init__(self, shape=None):
        self.shape = shape and re.compile(shape)

    def read(self, cursor):
        raw = cursor.take(read_length(cursor))
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("a text that is not UTF-8") from None
        if self.shape and not self.shape.fullmatch(text):
            raise Refused("a text of another shape: %r" % text[:40])
        return text

    def write(self, value, out):
        raw = value.encode("utf-8")
        U64.write(len(raw), out)
        out.append(raw)


class List:
    """The number of items, then the items."""

    def __init__(self, item):
        self.item = item

    def read(self, cursor):
        read = self.item.read
        return [read(cursor) for _ in range(read_length(cursor))]

    def write(self, value, out):
        U64.write(len(value), out)
        for item in value:
            self.item.write(item, out)


class Map:
    """The number of pairs, then key and value of each. Written in the order of the keys."""

    def __init__(self, key, value):
        self.key, self.value = key, value

    def read(self, cursor):
        pairs = {}
        for _ in range(read_length(cursor)):
            key = self.key.read(cursor)
            if key in pairs:
                raise Refused("a map with a key twice")
            pairs[key] = self.value.read(cursor)
        return pairs

    def write(self, value, out):
        U64.write(len(value), out)
        for key in sorted(value):
            self.key.write(key, out)
            self.value.write(value[key], out)


class Optional:
    """0 for none; or 1, then the value."""

    def __init__(self, item):
        self.item = item

    def read(self, cursor):
        return (self.item.read(cursor),) if BOOL.read(cursor) else None

    def write(self, value, out):
        BOOL.write(0 if value is None else 1, out)
        if value is not None:
            self.item.write(value[0], out)


class Struct:
    """Fields in their order; a struct of one field is that field."""

    def __init__(self, *fields):
        self.fields = fields

    def read(self, cursor):
        return tuple([field.read(cursor) for field in self.fields])

    def write(self, value, out):
        for field, part in zip(self.fields, value):
            field.write(part, out)


class Enum:
    """The number of a variant, then its fields. Variants are (name, fields …) from 0 on."""

    def __init__(self, *variants):
        variants = [variant if isinstance(variant, tuple) else (variant,) for variant in variants]
        self.names = [variant[0] for variant in variants]
        self.forms = [Struct(*variant[1:]) for variant in variants]

    def read(self, cursor):
        number = U32.read(cursor)
        if number >= len(self.forms):
            raise Refused("there is no variant %d" % number)
        return (number, self.forms[number].read(cursor))

    def write(self, value, out):
        number, fields = value
        U32.write(number, out)
        self.forms[number].write(fields, out)


class Never:
    """A variant that must not occur."""

    def __init__(self, why):
        self.why = why

    def read(self, cursor):
        raise Refused(self.why)

    def write(self, value, out):
        raise Refused(self.why)


def decode(form, data):
    """The value of canonical bytes.

    Refused when the bytes are none, when some are left, or when the value is written otherwise.
    """
    if len(data) > VALUE_BYTES_MAX:
        raise Refused("a value of %d bytes" % len(data))
    cursor = Cursor(data)
    value = form.read(cursor)
    if cursor.at != len(data):
        raise Refused("%d bytes after the value" % (len(data) - cursor.at))
    out = []
    form.write(value, out)
    if b"".join(out) != data:
        raise Refused("not the canonical form")
    return value


# Simple types.

DIGEST = PUBLIC_KEY = Bytes(32)
SIGNATURE = Bytes(64)
ADDRESS = TENANT = PROVIDER = Bytes(20)
AMOUNT = DECIMAL = U128
TEXT = Text()
DENOM = Text("[A-Za-z][A-Za-z0-9/:._-]{2,127}")
COIN = Struct(DENOM, AMOUNT)
PRICE_PER_BLOCK = Struct(DENOM, DECIMAL)
HEIGHT = BLOCK_SPAN = TIME_SPAN = U64
TIME = I64
DEPLOYMENT_ID = Struct(TENANT, U64)
GROUP_ID = Struct(DEPLOYMENT_ID, U32)
ORDER_ID = Struct(GROUP_ID, U32)
BID_ID = LEASE_ID = Struct(ORDER_ID, PROVIDER)
CONTRIBUTION = Struct(ADDRESS, AMOUNT)
CONSENT = Struct(ADDRESS, DIGEST, PUBLIC_KEY, SIGNATURE)
ATTRIBUTE = Struct(TEXT, TEXT)
ATTRIBUTES, PAYERS, COINS, TEXTS = List(ATTRIBUTE), List(CONTRIBUTION), List(COIN), List(TEXT)

# Resources.

VOLUME = Struct(TEXT, U64, ATTRIBUTES)
ENDPOINT = Struct(Enum("SharedHttp", "RandomPort", "LeasedIp"), U32)
RESOURCES = Struct(U64, ATTRIBUTES, U64, List(VOLUME), U64, ATTRIBUTES, List(ENDPOINT))
RESOURCE_UNIT = Struct(U32, RESOURCES, U32, PRICE_PER_BLOCK)
REQUIREMENTS = Struct(ATTRIBUTES, Struct(TEXTS, TEXTS))
GROUP_SPEC = Struct(TEXT, REQUIREMENTS, List(RESOURCE_UNIT))
RESOURCE_OFFER = Struct(U32, U32, RESOURCES)

# Genesis and parameters.

ORDER_PARAMS = Struct(
    BLOCK_SPAN, BLOCK_SPAN, List(DENOM), U32, U32, U32, BLOCK_SPAN, Struct(TIME_SPAN, TIME_SPAN)
)
BID_PARAMS = Struct(U32, BLOCK_SPAN, COINS)
LEDGER_PARAMS = Struct(COINS, List(Struct(DENOM, U32)))
BME_PARAMS = Struct(
    U32, U32, U32, BLOCK_SPAN, U32, U32, U32, AMOUNT, Optional(AMOUNT), U32, U32, U32, U32
)
ORACLE_PARAMS = Struct(List(ADDRESS), U32, TIME_SPAN, TIME_SPAN, TIME_SPAN, U32, TIME_SPAN)
GOVERNANCE_PARAMS = Struct(Optional(ADDRESS), BLOCK_SPAN)
PARAMS = Struct(
    ORDER_PARAMS, BID_PARAMS, LEDGER_PARAMS, BME_PARAMS, ORACLE_PARAMS, GOVERNANCE_PARAMS
)
GENESIS = Struct(
    TEXT, TIME, PARAMS, List(Struct(TEXT, ADDRESS)), List(Struct(ADDRESS, COIN)), AMOUNT
)

# Commands.

REGISTRATION = Struct(TEXT, ATTRIBUTES, TEXT, TEXT)
AWARD_MODE = Enum("LowestPrice", "TenantChooses")
NEW_DEPLOYMENT = Struct(
    U64, List(GROUP_SPEC), DIGEST, COIN, PAYERS, AWARD_MODE, Optional(TIME_SPAN), BLOCK_SPAN
)
NEW_BID = Struct(
    ORDER_ID, PRICE_PER_BLOCK, List(RESOURCE_OFFER), COIN, PAYERS, Optional(TIME_SPAN)
)
NEW_ALLOWANCE = Struct(ADDRESS, BOOL, BOOL, COINS, Optional(HEIGHT))
PROVIDER_REASON = Integer(4, least=10_000, most=19_999)
PRICE_POINT = Struct(DECIMAL, TIME)
COMMAND = Enum(
    ("RegisterProvider", REGISTRATION),
    ("UpdateProvider", REGISTRATION),
    "DeregisterProvider",
    ("AttestProvider", PROVIDER, ATTRIBUTES, Optional(HEIGHT)),
    ("RevokeAttestation", PROVIDER, TEXTS),
    ("CreateDeployment", NEW_DEPLOYMENT),
    ("UpdateDeployment", DEPLOYMENT_ID, DIGEST),
    ("CloseDeployment", DEPLOYMENT_ID),
    ("PauseGroup", GROUP_ID),
    ("StartGroup", GROUP_ID),
    ("CloseGroup", GROUP_ID),
    ("Deposit", DEPLOYMENT_ID, COIN, PAYERS),
    ("CreateBid", NEW_BID),
    ("RepriceBid", BID_ID, PRICE_PER_BLOCK),
    ("CloseBid", BID_ID),
    ("CreateLease", BID_ID),
    ("CloseLease", LEASE_ID, PROVIDER_REASON),
    ("StartReclamation", LEASE_ID, PROVIDER_REASON),
    ("Withdraw", LEASE_ID),
    ("WithdrawAll", Optional(LEASE_ID)),
    ("GrantAllowance", NEW_ALLOWANCE),
    ("RevokeAllowance", ADDRESS),
    ("Burn", COIN),
    ("CancelBurn", U64),
    ("FundVault", COIN),
    ("PostPrice", PRICE_POINT),
    ("ChangeParams", PARAMS),
    ("RotateKey", PUBLIC_KEY, SIGNATURE),
    ("CreateBids", List(NEW_BID)),
)
SIGNED_COMMAND = Struct(ADDRESS, PUBLIC_KEY, U64, HEIGHT, COMMAND, SIGNATURE)

# Events of orders.

ORACLE_PRICE = Struct(DECIMAL, TIME)
ORDER_CLOSED_REASON = Enum(
    "NoBids", "NotChosen", "EscrowTooLow", "LeaseEnded", "GroupPaused", "GroupClosed",
    "DeploymentClosed",
)
DEPLOYMENT = Struct(
    DEPLOYMENT_ID, DIGEST, AWARD_MODE, Optional(TIME_SPAN), CONSENT, HEIGHT, U32,
    Enum("Active", "Closed"),
)
ORDER = Struct(
    ORDER_ID, PRICE_PER_BLOCK, AWARD_MODE, Optional(TIME_SPAN), DIGEST,
    Enum("Open", "Active", ("Closed", ORDER_CLOSED_REASON)), HEIGHT, HEIGHT,
)
ORDER_EVENT = Enum(
    ("DeploymentCreated", DEPLOYMENT, List(GROUP_SPEC)),
    ("DeploymentUpdated", DEPLOYMENT_ID, DIGEST),
    ("OrderOpened", ORDER),
    ("OrderMatched", ORDER_ID),
    ("OrderClosed", ORDER_ID, ORDER_CLOSED_REASON),
    ("GroupPaused", GROUP_ID),
    ("GroupStarted", GROUP_ID),
    ("GroupClosed", GROUP_ID),
    ("DeploymentClosed", DEPLOYMENT_ID),
)

# Events of bids.

BID_CLOSED_REASON = Enum("Withdrawn", "Evicted", "OrderClosed", "LeaseEnded", "NoLongerEligible")
BID = Struct(
    BID_ID, PRICE_PER_BLOCK, DIGEST, List(RESOURCE_OFFER), COIN, PAYERS, Optional(TIME_SPAN),
    CONSENT, HEIGHT, Enum("Open", "Active", "Lost", ("Closed", BID_CLOSED_REASON)),
)
BID_EVENT = Enum(
    ("BidPlaced", BID),
    ("BidRepriced", BID_ID, PRICE_PER_BLOCK, CONSENT),
    ("BidWon", BID_ID),
    ("BidLost", BID_ID, COIN, PAYERS),
    ("BidClosed", BID_ID, BID_CLOSED_REASON, COIN, PAYERS),
)

# Events of the vault.

BURN_REQUEST = Struct(U64, ADDRESS, COIN, HEIGHT, U32)
BURN_MINT = Struct(U64, ADDRESS, COIN, COIN, COIN, COIN, ORACLE_PRICE)
RETRY_REASON = Enum(("MoreThanOutstanding", AMOUNT, AMOUNT))
CANCEL_REASON = Enum(
    "Epsilon",
    ("BelowMinimum", AMOUNT, AMOUNT),
    "DoesNotFit",
    ("BeyondEpochCap", AMOUNT, AMOUNT),
    ("AttemptsExhausted", U32, RETRY_REASON),
    "ByOwner",
)
MINT_STATUS = Enum("Healthy", "Warning", "HaltCollateral", "HaltOracle")
VAULT_EVENT = Enum(
    ("BurnRequested", BURN_REQUEST),
    ("BurnMinted", BURN_MINT),
    ("BurnCancelled", BURN_REQUEST, CANCEL_REASON),
    ("BurnRetried", U64, U32, RETRY_REASON),
    ("RedeemCapReached", U64, AMOUNT, AMOUNT),
    ("EpochOpened", Enum("Redeem", "Mint"), HEIGHT, HEIGHT, Optional(U32)),
    ("MintStatusChanged", MINT_STATUS, MINT_STATUS, Optional(U32), Optional(ORACLE_PRICE)),
    ("VaultFunded", ADDRESS, COIN),
)

# Events of the ledger.

DEPOSIT = Struct(ADDRESS, Optional(ADDRESS), COIN)
KIND_SHARE = Struct(LEASE_ID, AMOUNT, AMOUNT, AMOUNT, AMOUNT)
LEASE_TERMS = Struct(LEASE_ID, PRICE_PER_BLOCK, HEIGHT, DIGEST, Optional(TIME_SPAN), U32)
SIGNED_LEASE = Struct(LEASE_TERMS, CONSENT, CONSENT)
LEASE_END_REASON = Enum("Tenant", ("Provider", PROVIDER_REASON), "FundsExhausted")
EARNED = Struct(AMOUNT, AMOUNT, AMOUNT)
ALLOWANCE_ID = Struct(ADDRESS, ADDRESS)
ALLOWANCE = Struct(BOOL, BOOL, Map(DENOM, Struct(AMOUNT, AMOUNT)), Optional(HEIGHT))
LEDGER_EVENT = Enum(
    ("AccountOpened", DEPLOYMENT_ID, DENOM, BLOCK_SPAN, HEIGHT),
    ("Deposited", DEPLOYMENT_ID, DEPOSIT),
    ("LeaseSigned", SIGNED_LEASE),
    ("Settled", DEPLOYMENT_ID, HEIGHT, HEIGHT, List(Struct(LEASE_ID, AMOUNT))),
    ("Withdrawn", LEASE_ID, COIN, AMOUNT),
    ("InKindPaid", DEPLOYMENT_ID, HEIGHT, ORACLE_PRICE, List(KIND_SHARE)),
    ("ReclamationStarted", LEASE_ID, HEIGHT, TIME, PROVIDER_REASON),
    ("LeaseEnded", LEASE_ID, HEIGHT, LEASE_END_REASON, EARNED),
    ("AccountPaused", DEPLOYMENT_ID, HEIGHT, HEIGHT),
    ("AccountResumed", DEPLOYMENT_ID, HEIGHT),
    ("AccountClosed", DEPLOYMENT_ID, List(Struct(ADDRESS, Optional(ADDRESS), COIN))),
    ("AllowanceGranted", ALLOWANCE_ID, ALLOWANCE),
    ("AllowanceRevoked", ALLOWANCE_ID),
    ("Vault", VAULT_EVENT),
)

# Events.

BLOCK_CONTEXT = Struct(HEIGHT, TIME, Optional(ORACLE_PRICE), DIGEST)
EVENT = Enum(
    ("Genesis", GENESIS),
    ("BlockOpened", BLOCK_CONTEXT),
    ("CommandAccepted", SIGNED_COMMAND),
    ("ProviderRegistered", PROVIDER, REGISTRATION),
    ("ProviderUpdated", PROVIDER, REGISTRATION),
    ("ProviderDeregistered", PROVIDER),
    ("ProviderAttested", PROVIDER, TEXT, ATTRIBUTES, Optional(HEIGHT)),
    ("AttestationEnded", PROVIDER, TEXT, Enum("Revoked", "Expired")),
    ("KeyRotated", ADDRESS, PUBLIC_KEY),
    ("ParamsScheduled", PARAMS, HEIGHT),
    "ParamsChanged",
    ("Oracle", Enum(("PricePosted", ADDRESS, PRICE_POINT))),
    ("Order", ORDER_EVENT),
    ("Bid", BID_EVENT),
    ("Ledger", LEDGER_EVENT),
    ("BlockSealed", Never("a seal as an event of kind 0")),
)


def event(payload):
    """The name of the event in canonical bytes, e.g. `Order/OrderOpened`."""
    number, fields = decode(EVENT, payload)
    name = EVENT.names[number]
    inner = EVENT.forms[number].fields
    if inner and isinstance(inner[0], Enum):
        name = "%s/%s" % (name, inner[0].names[fields[0][0]])
    return name
