"""Who stands at the till. PINs are checked here, without the server; a wrong one costs time, and ever more of it.

A till without people is open to everybody, as an owner: so it is until the first owner is entered.

A PIN has few digits, so whoever holds the disk can try them all: scrypt makes each try cost what it may, no more
than that. At the till itself the growing pause is what counts. It runs by the monotonic clock, so that a wall clock
that is set forward ends nothing early, and the number of failures is in the journal, so that a restart begins the
pause anew and forgets none of them.

Source: RFC 7914 (scrypt).
"""

import hashlib
import hmac
import itertools
from dataclasses import replace
from typing import Final

from terminal_app.journal import Journal, Person
from terminal_app.journal.office_events import (
    NOBODY,
    Employment,
    SignedIn,
    SignedOut,
    SignInFailed,
    StaffChanged,
    StaffId,
)
from terminal_app.roles import Permission, Role, check_allowed
from terminal_app.sale import TillTime
from wallet_sdk.ports import Random
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError

PIN_DIGITS_MIN: Final = 4
PIN_DIGITS_MAX: Final = 8
NAME_CHARS_MAX: Final = 24
#: More people than one till has; a list that fits a screen or two.
STAFF_MAX: Final = 64
SALT_BYTES: Final = 16
#: 16 MiB and about 50 ms on a desktop, some 200 on a Raspberry Pi: a cashier does not notice.
SCRYPT_N: Final = 2**14
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1
HASH_BYTES: Final = 32
#: Wrong PINs that cost nothing: fingers slip.
FREE_TRIES: Final = 3
#: Pause after the first one that does; it doubles with each further one.
PAUSE_MS_MIN: Final = 5_000
#: Longest pause: 96 tries a day, three years for half of all four-digit PINs.
PAUSE_MS_MAX: Final = 900_000


class Staff:
    """The people of a till. One thread at a time may use it."""

    def __init__(self, journal: Journal, *, time: TillTime, random: Random) -> None:
        self._journal = journal
        self._time = time
        self._random = random
        # A restart begins every pause anew: nobody knows how long the till was off.
        self._failed_ms = {one: time.monotonic_ms() for one in journal.views.office.staff}

    @property
    def people(self) -> tuple[Person, ...]:
        """Who works here, by name."""
        active = [one for one in self._journal.views.office.staff.values() if one.is_active]
        return tuple(sorted(active, key=lambda one: (one.name.casefold(), one.staff_id)))

    @property
    def is_open_to_all(self) -> bool:
        """Whether nobody has been entered yet."""
        return not any(one.role is Role.OWNER for one in self.people)

    @property
    def signed_in(self) -> Person | None:
        """Who stands at the till, None when nobody has signed in."""
        office = self._journal.views.office
        return None if office.signed_in == NOBODY else office.staff[office.signed_in]

    @property
    def role(self) -> Role | None:
        """What whoever stands here is; None when somebody must sign in first."""
        person = self.signed_in
        if person is not None:
            return person.role
        return Role.OWNER if self.is_open_to_all else None

    def check_may(self, permission: Permission) -> Role:
        """Whether whoever stands at the till may do this, and in which role.

        Raises:
            RuleViolationError: ROLE_FORBIDS, also when nobody has signed in.
        """
        role = self.role
        if role is None:
            raise RuleViolationError(ErrorCode.ROLE_FORBIDS, "nobody has signed in", param=permission.value)
        check_allowed(role, permission)
        return role

    def locked_for_s(self, staff_id: StaffId) -> int:
        """Seconds, rounded up, for which no PIN of this person is looked at; 0 when one is."""
        person = self._person(staff_id)
        left_ms = self._failed_ms.get(staff_id, 0) + pause_ms(person.failures) - self._time.monotonic_ms()
        return max(0, -(-left_ms // 1000)) if pause_ms(person.failures) else 0

    def sign_in(self, staff_id: StaffId, pin: str) -> Person:
        """Check a PIN, and let this person stand at the till.

        Raises:
            RuleViolationError: LOCKED_OUT, the PIN was not looked at; WRONG_PIN.
            MisuseError: BAD_ARGUMENT when nobody of this number works here.
            UnavailableError: STORAGE_FAILED.
        """
        self._check_pin(staff_id, pin)
        self._journal.append(SignedIn(staff_id=staff_id), at_s=self._time.event_s())
        return self._person(staff_id)

    def sign_out(self) -> None:
        """Let nobody stand at the till. A shift may end at any time: what is unsent belongs to the till, not to people.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        if self.signed_in is not None:
            self._journal.append(SignedOut(), at_s=self._time.event_s())

    def approve(self, staff_id: StaffId, pin: str, permission: Permission) -> Role:
        """Let somebody with a larger role allow one thing, while the cashier stays signed in.

        Raises:
            RuleViolationError: LOCKED_OUT, WRONG_PIN, ROLE_FORBIDS.
            MisuseError: BAD_ARGUMENT.
            UnavailableError: STORAGE_FAILED.
        """
        self._check_pin(staff_id, pin)
        role = self._person(staff_id).role
        check_allowed(role, permission)
        return role

    def enter(self, name: str, role: Role, pin: str) -> Person:
        """Somebody new works here. The first one must be an owner, or nobody could enter the second.

        Raises:
            MisuseError: BAD_ARGUMENT for a name, PIN or role that will not do.
            UnavailableError: STORAGE_FAILED.
        """
        staff = self._journal.views.office.staff
        if len(self.people) >= STAFF_MAX:
            raise _bad("name", f"at most {STAFF_MAX} people")
        if self.is_open_to_all and role is not Role.OWNER:
            raise _bad("role", "the first one must be an owner")
        staff_id = StaffId(max(staff, default=0) + 1)
        return self._write(staff_id, name=name, role=role, pin=pin)

    def change(self, staff_id: StaffId, *, name: str, role: Role, pin: str) -> Person:
        """Give somebody another name, role or PIN; an empty PIN leaves the old one. It also ends a lock-out.

        Raises:
            MisuseError: BAD_ARGUMENT, also when the last owner would be none any more.
            UnavailableError: STORAGE_FAILED.
        """
        person = self._person(staff_id)
        self._check_owner_left(person, role=role)
        return self._write(staff_id, name=name, role=role, pin=pin, before=person)

    def dismiss(self, staff_id: StaffId) -> None:
        """Somebody works here no more. What they did stays under their name.

        Raises:
            MisuseError: BAD_ARGUMENT for the last owner.
            UnavailableError: STORAGE_FAILED.
        """
        person = self._person(staff_id)
        self._check_owner_left(person, role=Role.CASHIER)
        self._append(replace(person, employment=Employment.LEFT, pin_salt=b"", pin_hash=b""))

    def _check_pin(self, staff_id: StaffId, pin: str) -> None:
        person = self._person(staff_id)
        wait_s = self.locked_for_s(staff_id)
        if wait_s:
            raise RuleViolationError(ErrorCode.LOCKED_OUT, f"no PIN is looked at for {wait_s} s", param="pin")
        if not hmac.compare_digest(pin_hash(pin, person.pin_salt), person.pin_hash):
            self._journal.append(SignInFailed(staff_id=staff_id), at_s=self._time.event_s())
            self._failed_ms[staff_id] = self._time.monotonic_ms()
            raise RuleViolationError(ErrorCode.WRONG_PIN, "this is not the PIN", param="pin")

    def _write(self, staff_id: StaffId, *, name: str, role: Role, pin: str, before: Person | None = None) -> Person:
        wanted = name.strip()
        if not 1 <= len(wanted) <= NAME_CHARS_MAX or not wanted.isprintable():
            raise _bad("name", f"1 to {NAME_CHARS_MAX} characters")
        keeps_pin = before is not None and not pin
        if keeps_pin:
            assert before is not None
            salt, hashed = before.pin_salt, before.pin_hash
        else:
            check_pin_form(pin)
            salt = self._random.random_bytes(SALT_BYTES)
            hashed = pin_hash(pin, salt)
        self._append(
            Person(
                staff_id=staff_id,
                name=wanted,
                role=role,
                pin_salt=salt,
                pin_hash=hashed,
                employment=Employment.ACTIVE,
            )
        )
        return self._person(staff_id)

    def _append(self, person: Person) -> None:
        self._journal.append(
            StaffChanged(
                staff_id=person.staff_id,
                name=person.name,
                role=person.role,
                pin_salt=person.pin_salt,
                pin_hash=person.pin_hash,
                employment=person.employment,
            ),
            at_s=self._time.event_s(),
        )

    def _check_owner_left(self, person: Person, *, role: Role) -> None:
        owners = [one for one in self.people if one.role is Role.OWNER]
        if role is not Role.OWNER and owners == [person]:
            raise _bad("role", "somebody must be the owner")

    def _person(self, staff_id: StaffId) -> Person:
        person = self._journal.views.office.staff.get(staff_id)
        if person is None or not person.is_active:
            raise _bad("staff_id", "nobody of this number works here")
        return person


def pause_ms(failures: int) -> int:
    """How long no PIN is looked at after so many wrong ones in a row."""
    if failures < FREE_TRIES:
        return 0
    return min(PAUSE_MS_MAX, PAUSE_MS_MIN << min(failures - FREE_TRIES, 10))


def check_pin_form(pin: str) -> None:
    """Whether this can be a PIN at all.

    Raises:
        MisuseError: BAD_ARGUMENT: other than 4 to 8 digits, or a row that everybody tries first.
    """
    if not (pin.isascii() and pin.isdigit() and PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX):
        raise _bad("pin", f"{PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits")
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise _bad("pin", "not all digits alike or in a row")


def pin_hash(pin: str, salt: bytes) -> bytes:
    """What is kept of a PIN, 32 bytes."""
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, dklen=HASH_BYTES, maxmem=64 * 1024 * 1024
    )


def _bad(name: str, why: str) -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, why, param=name)
