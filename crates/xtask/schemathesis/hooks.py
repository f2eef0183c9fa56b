"""What schemathesis has to know of a project to get behind its doors: who it is, and which records there are.

`cargo xtask schemathesis` sets `MAINSTAY_URL`, and made the accounts before the program was started.
"""

import itertools
import os
import uuid

import requests
import schemathesis

URL = os.environ["MAINSTAY_URL"]
PASSWORD = os.environ["MAINSTAY_PASSWORD"]
ACCOUNTS = int(os.environ["MAINSTAY_ACCOUNTS"])
TIMEOUT_S = 20
# They end the session that they are called with.
ENDING = ("/v1/auth/logout", "/v1/auth/password")
# Where the records are that fields refer to: a random id would never be found.
REFERRED = {"room": "/v1/rooms", "user": "/v1/users", "country": "/v1/countries"}
SEEDS = {"/v1/rooms": {"name": "Known"}, "/v1/countries": {"code": "XX", "name": "Known"}}

# Forms of bodies that the tool cannot write. They are tried by tests and fuzzing of our own.
UNWRITTEN = ("application/cbor", "application/vnd.msgpack", "application/protobuf")


@schemathesis.hook
def before_load_schema(_, schema):
    for body in bodies(schema):
        for form in UNWRITTEN:
            body.get("content", {}).pop(form, None)


def bodies(schema):
    """The request bodies of a document, those that are shared too."""
    yield from schema.get("components", {}).get("requestBodies", {}).values()
    for path in schema["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                yield operation["requestBody"]


class Actor:
    """An account that calls. The next one takes over when it is gone, since whoever tries everything deletes itself too."""

    def __init__(self, name):
        self.emails = (f"{name}{number}@example.org" for number in range(ACCOUNTS))
        self.take(next(self.emails))
        self.renew()

    def take(self, email):
        self.email = email
        self.password = PASSWORD

    def renew(self):
        """A new session, of the first account that can still log in."""
        while True:
            credentials = {"email": self.email, "password": self.password}
            answer = requests.post(f"{URL}/v1/auth/login", json=credentials, timeout=TIMEOUT_S)
            if answer.status_code == 200:
                self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
                return
            self.take(next(self.emails))


class Records:
    """The newest record of each collection that was answered, by the collection's path."""

    def __init__(self):
        self.newest = {}
        self.seen = set()

    def note(self, method, path, response):
        if path == "/v1/auth/register":
            path = "/v1/users"
        collection, _, rest = path.removeprefix("/v1/").partition("/")
        collection = f"/v1/{collection}"
        if response.status_code in (200, 201) and method in ("POST", "PUT") and rest in ("", "{id}"):
            self.newest[collection] = response.json()["id"]
            self.seen.add(self.newest[collection])

    def of(self, path):
        return self.newest.get("/v1/" + path.removeprefix("/v1/").partition("/")[0])


ACTOR = Actor("actor")
LEAVER = Actor("leaver")
RECORDS = Records()
TURN = itertools.count()


def seed():
    for path, record in SEEDS.items():
        answer = requests.post(f"{URL}{path}", json=record, headers=ACTOR.headers, timeout=TIMEOUT_S)
        # The project that is served has one of these collections.
        if answer.status_code == 201:
            RECORDS.note("POST", path, answer)


seed()


@schemathesis.auth(refresh_interval=None)
class Token:
    def get(self, case, context):
        if case.operation.path not in ENDING:
            return ACTOR.headers
        LEAVER.renew()
        return LEAVER.headers

    def set(self, case, headers, context):
        case.headers.update(headers)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Three of four calls speak of records that are there."""
    if next(TURN) % 4 == 0:
        return
    known = {field: RECORDS.of(path) for field, path in REFERRED.items()}
    if isinstance(case.body, dict):
        case.body.update({field: id for field, id in known.items() if id and is_id(case.body.get(field))})
        for field in ("owner", "author"):
            # The default is whoever calls.
            if is_id(case.body.get(field)):
                del case.body[field]
    id = RECORDS.of(case.operation.path)
    parameters = case.path_parameters
    if id and "id" in (parameters or {}) and is_id(parameters["id"]) and parameters["id"] not in RECORDS.seen:
        parameters["id"] = id


def is_id(value):
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


@schemathesis.hook
def after_call(context, case, response):
    RECORDS.note(case.method.upper(), case.operation.path, response)
    if response.status_code == 204 and case.operation.path == "/v1/auth/password":
        LEAVER.password = case.body["new_password"]
    if response.status_code == 401 and response.request.headers.get("Authorization") in ACTOR.headers.values():
        ACTOR.renew()
