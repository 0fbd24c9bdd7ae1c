#!/usr/bin/env python3
"""Checks this bundle with Python's own library and openssl, and nothing of the program that made it.

    python3 verify.py PUBLIC_KEY.pem

PUBLIC_KEY.pem is the key that you were given on another way than this bundle. What is checked, in this order:
the signature of MANIFEST, every file against MANIFEST, the chain of events, the checkpoints and their signatures,
every policy that was in force, and every name.
"""
import base64, hashlib, json, pathlib, re, subprocess, sys, tempfile

here = pathlib.Path(__file__).resolve().parent


def fail(why):
    sys.exit(f"NOT WHOLE: {why}")


def signed(key, message, signature):
    """Ed25519, by openssl."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        for name, content in (("key", key), ("message", message), ("signature", signature)):
            (folder / name).write_bytes(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key", "-rawin", "-in", folder / "message", "-sigfile", folder / "signature"]
        return subprocess.run(command, capture_output=True).returncode == 0


def canonical(value):
    """JSON as RFC 8785 has it, for what stands in these files: no number here has a fraction or an exponent."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def references(value):
    """Each name and address that stands for somebody: (whose, reference)."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    if isinstance(value, dict):
        person = value.get("slackId") or (value.get("id") if value.get("kind") == "person" else None)
        for key, one in value.items():
            if isinstance(person, str) and key in ("name", "email") and isinstance(one, str):
                if re.fullmatch("name:[0-9a-f]{32}", one):
                    yield person, one
            else:
                yield from references(one)


if len(sys.argv) != 2:
    sys.exit(__doc__)
trusted = pathlib.Path(sys.argv[1]).read_bytes()

# 1. The manifest is signed with the key that you trust.
manifest = (here / "MANIFEST").read_bytes()
if not signed(trusted, manifest, (here / "MANIFEST.sig").read_bytes()):
    fail("MANIFEST is not signed with this key")

# 2. Every file is the one that the manifest names.
for line in manifest.decode().splitlines():
    digest, name = line.split("  ", 1)
    if hashlib.sha256((here / name).read_bytes()).hexdigest() != digest:
        fail(f"{name} was changed")

# 3. Every event continues the one before it.
about = json.loads((here / "about.json").read_text())
before, number, hashes, policies = about["start"]["hash"], about["start"]["seq"], {}, {}
nameless, erased = {}, {entry["slackId"]: entry["seq"] for entry in about["erasedLater"]}
with open(here / "events.jsonl", encoding="utf-8") as lines:
    for line in lines:
        event = json.loads(line)
        number += 1
        fields = [event["prevHash"], event["seq"], event["at"], event["type"], canonical(event["actor"]), event["requestId"] or "", event["grantId"] or "", canonical(event["payload"])]
        own = hashlib.sha256("\n".join(map(str, fields)).encode()).hexdigest()
        if (event["prevHash"], event["seq"], event["hash"]) != (before, number, own):
            fail(f"event {event['seq']} does not fit")
        before = own
        hashes[number] = own
        # 6. A name is the one that the event committed to.
        for reference, name in event["names"].items():
            text = f"{name['salt']}\n{name['person']}\n{name['value']}"
            if reference != "name:" + hashlib.sha256(text.encode()).hexdigest()[:32]:
                fail(f"a name in event {number} was changed")
        for person, reference in list(references(event["actor"])) + list(references(event["payload"])):
            if reference not in event["names"]:
                nameless[reference] = (person, number)
        if event["type"] == "names.erased":
            erased[event["payload"]["slackId"]] = max(number, erased.get(event["payload"]["slackId"], 0))
        if event["type"] in ("request.submitted", "review.recorded"):
            policies[event["payload"]["policyHash"]] = number
        if event["type"] == "policy.loaded":
            policies[event["payload"]["hash"]] = number
if number != about["head"]["seq"] or before != about["head"]["hash"]:
    fail("the last event is not the one that about.json names")

# A name that is not there was erased, and an event after it says so.
later = {entry["slackId"] for entry in about["erasedLater"]}
for person, seq in nameless.values():
    if erased.get(person, 0) <= seq:
        fail(f"a name of {person} in event {seq} is missing, and nothing says that it was erased")
for person in sorted(later & {person for person, _ in nameless.values()}):
    print(f"note: names of {person} were erased after this time, by an event that is not in this bundle")

# 4. Positions that were signed when they were new.
keys, compared = {}, 0
checkpoints = here / "checkpoints.jsonl"
for line in checkpoints.read_text().splitlines() if checkpoints.exists() else []:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        continue  # cut short by a crash in the middle of writing; the line after it is whole
    signature = base64.b64decode(entry.pop("signature"))
    if entry["kind"] == "key":
        voucher = entry["publicKey"] if entry["by"] is None else keys.get(entry["by"])
        # Only the first key of a file vouches for itself.
        if entry["by"] is None and keys and entry["key"] not in keys:
            fail("a key in checkpoints.jsonl vouches for itself")
        if voucher is None or not signed(voucher.encode(), canonical(entry).encode(), signature):
            fail("a key in checkpoints.jsonl is vouched for by nobody")
        keys[entry["key"]] = entry["publicKey"]
    else:
        if entry["key"] not in keys or not signed(keys[entry["key"]].encode(), canonical(entry).encode(), signature):
            fail(f"the checkpoint of event {entry['seq']} is not signed")
        if entry["ledger"] == about["ledger"] and entry["seq"] in hashes:
            if hashes[entry["seq"]] != entry["hash"]:
                fail(f"event {entry['seq']} is not the one that was signed when it was new")
            compared += 1

if keys and trusted.decode().split() not in [key.split() for key in keys.values()]:
    fail("the checkpoints know nothing of your key")

# 5. The policies that decisions were made under.
for digest, number_of in policies.items():
    file = here / "policies" / f"{digest}.yaml"
    if not file.exists():
        print(f"note: the policy {digest[:16]} of event {number_of} is not in this bundle")
    elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        fail(f"policy {digest[:16]} was changed")

print(f"whole: {len(hashes)} events ({about['start']['seq'] + 1} to {number}), {len(policies)} policies, {compared} signed positions agree")
