"""The Swift core's checks, each taken out of a copy of the sources: the attack that it stops then succeeds, that is to say its
test in Tests/PairingTests/EvilRelayTests.swift fails, and no other.

The copy asks an environment variable at each check, so that it is built once. The product has no such switch."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = {
    "Wire": [], "JSON": [], "CWordList": None, "WordList": ["CWordList"], "Digests": ["COpenSSL"], "Sealing": ["CSodium"],
    "Pairing": ["Sealing", "Digests", "JSON", "Wire", "WordList"],
}
SYSTEM = ["COpenSSL", "CSodium"]
EDITED = ["Sealing", "Pairing"]

KEYS, PAIRING, BODIES = "Pairing/KeyExchange.swift", "Pairing/RoomPairing.swift", "Pairing/SealedBodies.swift"
BODY, LOOKS, PEER, PROOF = ("Pairing/PairingBody.swift", "Pairing/LookCount.swift", "Pairing/PairedPeer.swift",
                            "Pairing/ChannelProof.swift")

#: {check: [(file, what stands there, what stands there in the copy)]}; `isOut("…")` is whether it is taken out.
CHECKS = {
    "certificates in the transcript": [(
        KEYS, "lengthValues(Array(role.rawValue.utf8), certificate))",
        'lengthValues(Array(role.rawValue.utf8), isOut("certificates in the transcript") ? [] : certificate))')],
    "a key for each role": [(
        KEYS, 'authenticationCode(key("confirm \\(role.rawValue)"), transcript)',
        'authenticationCode(key(isOut("a key for each role") ? "confirm" : "confirm \\(role.rawValue)"), transcript)')],
    "another nonce than ours": [(
        PAIRING, "guard hostNonce != nonce else", 'guard isOut("another nonce than ours") || hostNonce != nonce else')],
    "no neutral element": [
        ("Sealing/X25519.swift", "guard status == 0 else { return nil }",
         'guard isOut("no neutral element") || status == 0 else { return nil }'),
        ("Sealing/X25519.swift", "guard result != zero else { return nil }",
         'guard isOut("no neutral element") || result != zero else { return nil }')],
    "the guest's confirmation": [(
        PAIRING, "let isRight = HMAC.isEqual(confirmation, keys.confirmation(of: .guest))",
        'let isRight = isOut("the guest\'s confirmation") || HMAC.isEqual(confirmation, keys.confirmation(of: .guest))')],
    "the host's confirmation": [(
        PAIRING, "guard HMAC.isEqual(confirmation, keys.confirmation(of: .host)) else",
        'guard isOut("the host\'s confirmation") || HMAC.isEqual(confirmation, keys.confirmation(of: .host)) else')],
    "the room in the key": [(
        KEYS, "Array(room.text.utf8)", 'Array(isOut("the room in the key") ? [] : room.text.utf8.map(\\.self))')],
    "the number in the key": [(
        KEYS, 'Array((number?.description ?? "").utf8)',
        'Array((isOut("the number in the key") ? "" : number?.description ?? "").utf8)')],
    "the entrance in the key": [(
        KEYS, "Array(kind.rawValue.utf8)", 'Array((isOut("the entrance in the key") ? "" : kind.rawValue).utf8)')],
    "the version": [(
        BODY, "guard version == Self.version else", 'guard isOut("the version") || version == Self.version else')],
    "a dead code answers nobody": [(
        PAIRING, "guard !secrets.looks.isExhausted else", 'guard isOut("a dead code answers nobody") || !secrets.looks.isExhausted else')],
    "a dead code is not opened": [(
        PAIRING, "guard !looks.isExhausted else", 'guard isOut("a dead code is not opened") || !looks.isExhausted else')],
    "looks are counted": [(
        LOOKS, "guard difference < 0 || count < LookCount.limit else",
        'guard isOut("looks are counted") || difference < 0 || count < LookCount.limit else')],
    "a key for each direction": [
        (BODIES, 'keys.key("seal \\(role.rawValue)")',
         'keys.key(isOut("a key for each direction") ? "seal" : "seal \\(role.rawValue)")'),
        (BODIES, 'keys.key("seal \\(role.other.rawValue)")',
         'keys.key(isOut("a key for each direction") ? "seal" : "seal \\(role.other.rawValue)")')],
    "the order": [(BODIES, "guard sequence == nextReceived else", 'guard isOut("the order") || sequence == nextReceived else')],
    "the authenticator": [(
        "Sealing/SecretBox.swift", "return status == 0 ? message : nil",
        'return isOut("the authenticator") || status == 0 ? message : nil')],
    "failure is final": [(PAIRING, "        state = .failed\n        if case", '        if !isOut("failure is final") { state = .failed }\n        if case')],
    "the fingerprint": [(PEER, "guard line == expected else", 'guard isOut("the fingerprint") || line == expected else')],
    "the proof": [(PROOF, "guard HMAC.isEqual(proof, expected) else", 'guard isOut("the proof") || HMAC.isEqual(proof, expected) else')],
    "a proof for each role": [
        (PROOF, 'keys.key("channel \\(role.rawValue)")',
         'keys.key(isOut("a proof for each role") ? "channel" : "channel \\(role.rawValue)")'),
        (PROOF, 'keys.key("channel \\(role.other.rawValue)")',
         'keys.key(isOut("a proof for each role") ? "channel" : "channel \\(role.other.rawValue)")')],
}

#: (checks that are out, tests that fail then). Several checks: each of them stops the attack by itself.
BITES = [
    ([], []),
    (["certificates in the transcript"], ["a swapped fingerprint is found"]),
    (["a key for each role"], ["the guest's confirmation is not taken for the host's"]),
    (["another nonce than ours"], ["our own nonce is not taken for the other side's"]),
    (["no neutral element"], ["a share of low order is refused"]),
    # All attacks on the exchange end in a wrong confirmation.
    (["the guest's confirmation"], [
        "a guest with other words learns nothing of the host", "a swapped fingerprint is found", "rooms cannot be crossed",
        "numbers cannot be crossed", "a code cannot be passed off as a link, which nobody counts",
        "the host gives three looks and no more", "guesses at once are guesses"]),
    (["the host's confirmation"], [
        "a host with other words is found out", "the guest's confirmation is not taken for the host's"]),
    (["the room in the key"], ["rooms cannot be crossed"]),
    (["the number in the key"], ["numbers cannot be crossed"]),
    (["the entrance in the key"], []),
    (["the number in the key", "the entrance in the key"], [
        "a code cannot be passed off as a link, which nobody counts", "numbers cannot be crossed"]),
    (["the version"], ["there is no other version"]),
    (["a dead code answers nobody"], ["the host gives three looks and no more"]),
    (["a dead code is not opened"], ["guesses at once are guesses"]),
    (["looks are counted"], ["the guest gives three looks and no more"]),
    (["a key for each direction"], ["a sealed body does not come back"]),
    (["the order"], ["a sealed body comes once", "sealed bodies come in order, and all of them"]),
    (["the authenticator"], [
        "a changed bit is found", "a sealed body does not come back",
        "no body of an earlier meeting is taken in any state"]),
    (["failure is final"], ["after one failure nothing is believed"]),
    (["the fingerprint"], ["a description of another certificate is refused"]),
    (["the proof"], ["a proof of other certificates is none", "our own proof is not the other side's"]),
    (["a proof for each role"], ["our own proof is not the other side's"]),
]

MANIFEST = """// swift-tools-version: 6.2
import PackageDescription
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"), .enableExperimentalFeature("Lifetimes"),
]
let package = Package(name: "martlet", platforms: [.macOS(.v15)], targets: [
%s], swiftLanguageModes: [.v6])
"""
IS_OUT = """#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Whether a check is taken out in this run.
package func isOut(_ check: String) -> Bool {
    guard let value = unsafe getenv("MARTLET_CHECKS_OUT") else { return false }
    return unsafe String(cString: value).split(separator: ",").contains { $0 == check }
}
"""


def make_copy(folder):
    """A package of the core targets alone, with the edits."""
    lines = ['    .target(name: "Bite", swiftSettings: settings),']
    for name in SYSTEM:
        lines.append(f'    .systemLibrary(name: "{name}"),')
    for name, dependencies in TARGETS.items():
        if dependencies is None:
            lines.append(f'    .target(name: "{name}"),')
            continue
        quoted = ", ".join(f'"{each}"' for each in dependencies + (["Bite"] if name in EDITED else []))
        lines.append(f'    .target(name: "{name}", dependencies: [{quoted}], swiftSettings: settings),')
    lines.append('    .testTarget(name: "PairingTests", dependencies: ["Pairing", "Sealing", "Digests"], swiftSettings: settings),')
    (folder / "Package.swift").write_text(MANIFEST % "\n".join(lines))
    for name in [*SYSTEM, *TARGETS]:
        shutil.copytree(ROOT / "Sources" / name, folder / "Sources" / name)
    (folder / "Sources/Web/Page").mkdir(parents=True)
    shutil.copy(ROOT / "Sources/Web/Page/words.txt", folder / "Sources/Web/Page")
    (folder / "Tests/PairingTests").mkdir(parents=True)
    for name in ("EvilPair.swift", "EvilRelayTests.swift", "Samples.swift"):
        shutil.copy(ROOT / "Tests/PairingTests" / name, folder / "Tests/PairingTests")
    (folder / "Sources/Bite").mkdir()
    (folder / "Sources/Bite/IsOut.swift").write_text(IS_OUT)
    for edits in CHECKS.values():
        for name, old, new in edits:
            take_out(folder / "Sources" / name, old, new)


def take_out(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} does not have, once: {old}"
    text = text.replace(old, new)
    if "import Bite" not in text:
        text = "internal import Bite\n" + text
    file.write_text(text)


def run(folder, *arguments, out=(), timeout=400):
    environment = {**os.environ, "MARTLET_CHECKS_OUT": ",".join(out), "SWIFT_BACKTRACE": "enable=no"}
    return subprocess.run(["swift", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bite")
    make_copy(folder)
    built = run(folder, "build", "--build-tests")
    assert built.returncode == 0, built.stdout[-4000:]
    return folder


@pytest.mark.parametrize("out, bitten", BITES, ids=[" and ".join(out) or "whole" for out, _ in BITES])
def test_each_check(copy, out, bitten):
    ran = run(copy, "test", "--skip-build", "--disable-xctest", "--filter", "EvilRelayTests", out=out)
    failed = set(re.findall(r'^✘ Test "(.+)" (?:with \d+ test cases )?failed after', ran.stdout, re.MULTILINE))
    assert failed == set(bitten), ran.stdout[-3000:]
    assert (ran.returncode == 0) == (not bitten) and " passed after" in ran.stdout
