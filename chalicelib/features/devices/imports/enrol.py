"""Registering many devices at once, by the rules by which one is registered.

What `POST /devices` would refuse is refused in the same words. The statements are a few for all of
them; each row has an outcome of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from chalicelib.bodies import UNSET, read
from chalicelib.errors import ApplicationError, DatabaseBusyError
from chalicelib.features.devices import master, registering
from chalicelib.features.devices import store as devices
from chalicelib.features.devices.bodies import NewDevice
from chalicelib.features.devices.certificates.errors import KeyInUseError
from chalicelib.features.devices.certificates.keys import read_csr
from chalicelib.features.devices.certificates.model import is_thing_name
from chalicelib.features.devices.certificates.store import Owned
from chalicelib.features.devices.certificates.want import Wish, want
from chalicelib.features.devices.describing import described_as
from chalicelib.features.devices.errors import DeviceExistsError
from chalicelib.features.devices.imports import fleet
from chalicelib.features.devices.imports.fleet import Candidate
from chalicelib.features.devices.imports.model import Refusal, Refused, Registered, Row
from chalicelib.features.devices.imports.store import Task
from chalicelib.features.devices.model import DeviceType
from chalicelib.ids import new_id

Outcomes = list[Registered | Refused]
_MAX_CHARACTERS = 500


def enrol(
    connection: Connection, task: Task, rows: Sequence[Row], *, keeps_master: bool
) -> Outcomes:
    """What becomes of *rows*, in their order: devices of the organization, or refusals.

    *keeps_master* says whether the platform's master table is ours to write.
    """
    judge = _judge(connection, task, keeps_master=keeps_master)
    judged = [judge(row) for row in rows]
    candidates = [one for one in judged if isinstance(one, Candidate)]
    outcomes: Outcomes = [one for one in judged if isinstance(one, Refused)]
    outcomes += _refused_by_master(connection, candidates)
    unknown = {outcome.line for outcome in outcomes}
    known = [one for one in candidates if one.line not in unknown]
    for wave in _waves(known):
        add = _certified if wave[0].key else _added
        outcomes += add(connection, task, wave, keeps_master=keeps_master)
    _require_types(connection, known)
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _judge(
    connection: Connection, task: Task, *, keeps_master: bool
) -> Callable[[Row], Candidate | Refused]:
    types: dict[str, DeviceType | None] = {}
    longest_name = master.longest_name(connection) if keeps_master else None

    def type_called(name: str) -> DeviceType | None:
        if name not in types:
            types[name] = devices.find_type(connection, task.organization_id, name)
        return types[name]

    def candidate(row: Row) -> Candidate:
        asked = read(NewDevice, row.value)
        is_adopted = asked.device_id is not UNSET
        if is_adopted and not task.may_adopt:
            raise registering.not_theirs_to_name()
        key = None if asked.csr is UNSET else read_csr(asked.csr)
        description = described_as(type_called(asked.device_type), asked)
        if not is_adopted and not keeps_master:
            raise registering.unnamed()
        master.require_room(description.name, longest_name)
        device_id = new_id("dev") if asked.device_id is UNSET else asked.device_id
        return Candidate(row.line, device_id, description, is_adopted, key)

    def judge(row: Row) -> Candidate | Refused:
        if row.refusal is not None:
            return Refused(row.line, row.refusal)
        try:
            return candidate(row)
        except ApplicationError as error:
            if error.http_status >= 500:
                raise
            return _refused(row.line, error)

    return judge


def _refused_by_master(connection: Connection, candidates: Iterable[Candidate]) -> list[Refused]:
    """Refusals of the devices that are to be adopted, and that the master table does not know."""
    adopted = [one for one in candidates if one.is_adopted]
    if not adopted:
        return []
    known = fleet.known_to_master(connection, {one.device_id for one in adopted})
    return [
        _refused(one.line, registering.unknown_to_master(one.device_id))
        for one in adopted
        if one.device_id not in known
    ]


def _waves(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """*candidates* in their order, parted where an id is there again: mostly one part.

    One that wants a certificate is a part by itself.
    """
    wave: dict[str, Candidate] = {}
    for one in candidates:
        if wave and (one.key or one.device_id in wave):
            yield list(wave.values())
            wave = {}
        wave[one.device_id] = one
        if one.key:
            yield [one]
            wave = {}
    if wave:
        yield list(wave.values())


def _certified(
    connection: Connection, task: Task, wave: Sequence[Candidate], *, keeps_master: bool
) -> Outcomes:
    """What becomes of one that wants a certificate, which it gets soon after the commit.

    Whether its key is free is known when the certificate is added: then the device is there, and
    goes again.
    """
    [one] = wave
    try:
        with connection.begin_nested():
            outcomes = _added(connection, task, wave, keeps_master=keeps_master)
            if one.key and isinstance(outcomes[0], Registered) and is_thing_name(one.device_id):
                device = Owned(one.device_id, task.organization_id)
                want(connection, task.actor, device, Wish(one.key, claim_id=None))
    except KeyInUseError as error:
        return [_refused(one.line, error)]
    return outcomes


def _added(
    connection: Connection, task: Task, wave: Sequence[Candidate], *, keeps_master: bool
) -> Outcomes:
    organization_id = task.organization_id
    ids = fleet.add(connection, organization_id, task.actor, wave)
    added = [one for one in wave if one.device_id in ids]
    if keeps_master:
        _tell_master(connection, added)
    refused = [one for one in wave if one.device_id not in ids]
    return [
        *(Registered(one.line, one.device_id) for one in added),
        *_taken(connection, organization_id, refused),
    ]


def _tell_master(connection: Connection, added: Sequence[Candidate]) -> None:
    if new := {one.device_id: one.description for one in added if not one.is_adopted}:
        master.add(connection, new)
    if adopted := {one.device_id: one.description.name for one in added if one.is_adopted}:
        fleet.adopt(connection, adopted)


def _require_types(connection: Connection, candidates: Iterable[Candidate]) -> None:
    """Raise where a type was removed while devices of it were written: they are tried again.

    Whoever removes a type looks for devices of it, and could not see these.
    """
    types = {one.description.type.device_type_id for one in candidates}
    if types and fleet.present_types(connection, types) != types:
        raise DatabaseBusyError("a type of devices has been removed meanwhile")


def _taken(
    connection: Connection, organization_id: str, refused: Sequence[Candidate]
) -> list[Refused]:
    """Why these were not added: their serial number is another device's, or else their id."""
    numbers = {number for one in refused if (number := one.description.serial_number)}
    taken = fleet.taken_numbers(connection, organization_id, numbers) if numbers else {}
    return [_refused(one.line, _collision(one, taken)) for one in refused]


def _collision(candidate: Candidate, taken: Mapping[str, str]) -> DeviceExistsError:
    number = candidate.description.serial_number
    owner = None if number is None else taken.get(number)
    if owner is not None and owner != candidate.device_id:
        return DeviceExistsError.by_serial_number(number)
    return DeviceExistsError.by_id(candidate.device_id)


def _refused(line: int, error: ApplicationError) -> Refused:
    field = error.details.get("parameter")
    refusal = Refusal(error.code, _storable(error.message), field and _storable(str(field)))
    return Refused(line, refusal)


def _storable(text: str) -> str:
    """*text* as a column can hold it: it may quote what is in the file."""
    return text[:_MAX_CHARACTERS].replace("\0", "?").encode(errors="replace").decode()
