"""What the page computes for a room, in real browsers: CPace by the draft's vectors, keys, sealed bodies, codes as people
type them. On localhost and on a LAN address over plain http, where a browser has no WebCrypto."""

import json
import pathlib
import random
import re

import pytest
import pytest_asyncio

import cpace
from conftest import lan_address
from rendezvous import Rendezvous
from rooms_client import ALPHABET, WORDS, Code, Pairing, Refused, WrongSecret, encode
from test_cpace import CONTEXT, GENERATOR, INITIATOR, KEY, RESPONDER, SESSION

SHARES = "{ a: { share: fromHex('%s'), data: utf8('ADa') }, b: { share: fromHex('%s'), data: utf8('ADb') } }"
ROOM = ALPHABET[:16]
#: Points and what a scalar makes of them, in the draft's section "low order points"; those that are refused at the head.
LOW_ORDER_SCALAR = "af46e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449aff"
REFUSED_POINTS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]
OTHER_POINTS = {
    "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff":
        "d8e2c776bbacd510d09fd9278b7edcd25fc5ae9adfba3b6e040e8d3b71b21806",
    "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff":
        "c85c655ebe8be44ba9c0ffde69f2fe10194458d137f09bbff725ce58803cdb38",
    "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff":
        "db64dafa9b8fdd136914e61461935fe92aa372cb056314e1231bc4ec12417456",
    "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880":
        "e062dcd5376d58297be2618c7498f55baa07d7e03184e8aada20bca28888bf7a",
    "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7":
        "993c6ad11c4c29da9a56f7691fd0ff8d732e49de6250b6c2e80003ff4629a175",
}


@pytest_asyncio.fixture(params=["localhost", "LAN"])
async def page(request, browser):
    """The page without a link, with its modules at hand."""
    address = "localhost" if request.param == "localhost" else lan_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    async with Rendezvous("127.0.0.1" if address == "localhost" else address) as server:
        page = await browser.open(f"http://{address}:{server.port}/")
        await page.wait_for("document.documentElement?.dataset.state === 'failed'")
        assert await page.evaluate("[isSecureContext, crypto.subtle === undefined]") == [
            address == "localhost", address != "localhost"]
        await page.evaluate("""Promise.all(["bytes", "cpace", "exchange", "seal", "code"].map((name) => import(`/${name}.js`)))
            .then((modules) => Object.assign(window, ...modules)).then(() => null)""")
        yield page


async def test_the_vectors_of_cpace(page):
    values = await page.evaluate(f"""(() => {{
        const channel = fromHex("{CONTEXT.hex()}");
        const session = fromHex("{SESSION.hex()}");
        const scalars = ["{INITIATOR['scalar'].hex()}", "{RESPONDER['scalar'].hex()}"].map(fromHex);
        const text = generatorString(utf8("Password"), channel, session);
        const point = generator(utf8("Password"), channel, session);
        const [left, right] = scalars.map((scalar) => share(scalar, point));
        const shares = {SHARES % (INITIATOR['share'], RESPONDER['share'])};
        return {{
            text: hex(text), point: hex(point), left: hex(left), right: hex(right),
            keys: [hex(intermediateKey(scalars[0], right, session, shares)),
                hex(intermediateKey(scalars[1], left, session, shares))],
        }};
    }})()""")
    assert values == {
        "text": cpace.generator_string(b"Password", CONTEXT, SESSION).hex(), "point": GENERATOR,
        "left": INITIATOR["share"], "right": RESPONDER["share"], "keys": [KEY, KEY]}


async def test_points_of_low_order_are_refused(page):
    [refused, points] = await page.evaluate(f"""(() => {{
        const scalar = fromHex("{LOW_ORDER_SCALAR}");
        const nobody = {{ share: new Uint8Array(32), data: new Uint8Array(0) }};
        const key = (point) => intermediateKey(scalar, fromHex(point), new Uint8Array(32), {{ a: nobody, b: nobody }});
        return [{json.dumps(REFUSED_POINTS)}.map((point) => key(point) === null),
            {json.dumps(list(OTHER_POINTS))}.map((point) => [key(point) === null, hex(share(scalar, fromHex(point)))])];
    }})()""")
    assert refused == [True] * len(REFUSED_POINTS)
    assert points == [[False, product] for product in OTHER_POINTS.values()]


async def test_the_map_to_the_curve(page):
    chance = random.Random(5)
    numbers = [bytes(32), b"\xff" * 32, (cpace.PRIME - 1).to_bytes(32, "little"), cpace.PRIME.to_bytes(32, "little"),
               *(chance.randbytes(32) for _ in range(40))]
    points = await page.evaluate(f"{json.dumps([number.hex() for number in numbers])}.map((x) => hex(elligator(fromHex(x))))")
    wanted = [int.from_bytes(number, "little") & (1 << 255) - 1 for number in numbers]
    assert points == [cpace.elligator(number % cpace.PRIME).to_bytes(32, "little").hex() for number in wanted]


async def begin(page, entrance, certificate=b"\1" * 32):
    """The page's side of an exchange; returns its hello."""
    return await page.evaluate(f"""(() => {{
        const entrance = {entrance};
        window.exchange = new Exchange(entrance, "{ROOM}", fromHex("{certificate.hex()}"));
        return exchange.hello;
    }})()""")


LINK = "{ room: '%s', secret: new Uint8Array(16).fill(7) }" % ROOM
CODE = "{ number: 7, words: ['clock', 'mango', 'crust'] }"


def host(number=7, words="clock mango crust", **options):
    return Pairing(True, ROOM, {"link": b"\7" * 16, "code": words}, number, b"\2" * 32, **options)


async def step(page, name, body):
    """The next step of the page's side: its answer, or the code of its failure."""
    return await page.evaluate(f"""(() => {{
        try {{
            const result = exchange.{name}({body});
            if (result instanceof KeySchedule) window.keys = result;
            return result;
        }} catch (error) {{
            return error.code;
        }}
    }})()""")


@pytest.mark.parametrize("entrance", [LINK, CODE], ids=["link", "code"])
async def test_an_exchange_with_another_implementation(page, entrance):
    pairing = host()
    share = await step(page, "answer", pairing.handle(json.dumps(await begin(page, entrance))))
    await step(page, "conclude", pairing.handle(json.dumps(share)))
    assert pairing.is_complete and pairing.their_certificate == b"\1" * 32
    # Its keys are ours: sealed bodies in both directions, and the proofs on the channel.
    sent = [pairing.seal(type="offer", text="ä" * 1000), pairing.seal(type="x")]
    values = await page.evaluate(f"""(() => {{
        const [inward, outward] = [keys.seal("host"), keys.seal("guest")];
        const body = (payload) => JSON.stringify({{ seq: outward.count, sealed: base64url(outward.close(payload)) }});
        return {{
            certificate: hex(exchange.hostCertificate),
            opened: [{", ".join(sent)}].map(({{ sealed }}) => inward.open(fromBase64url(sealed))),
            bodies: ['{{"type":"answer"}}', '{{"type":"ü"}}'].map(body),
            proofs: ["guest", "host"].map((side) => hex(keys.proof(side, new Uint8Array(32), new Uint8Array(32).fill(1)))),
        }};
    }})()""")
    assert values["certificate"] == (b"\2" * 32).hex()
    assert [json.loads(text) for text in values["opened"]] == [{"type": "offer", "text": "ä" * 1000}, {"type": "x"}]
    assert [pairing.open(body) for body in values["bodies"]] == [{"type": "answer"}, {"type": "ü"}]
    assert values["proofs"] == [pairing.keys.proof(side, bytes(32), b"\1" * 32).hex() for side in ("guest", "host")]


def vectors():
    """The test vectors of Docs/Protocols/Rooms.md: by code, and by link. Names and values, and the lines of JSON."""
    document = (pathlib.Path(__file__).resolve().parents[2] / "Docs/Protocols/Rooms.md").read_text()
    for part in document.split("## Test vector")[1].split("By link"):
        values, name = {}, None
        for match in re.finditer(r"^    (?:(\S.*?)  +| +)([0-9a-f]+)$", part, re.MULTILINE):
            name = match[1] or name
            values[name] = values.get(name, "") + match[2]
        yield values, re.findall(r"^ +(\{.*\})$", part, re.MULTILINE)


@pytest.mark.parametrize("by", ["code", "link"])
async def test_the_vector_of_the_document(page, by):
    values, lines = list(vectors())[["code", "link"].index(by)]
    entrance = CODE if by == "code" else "{ secret: Uint8Array.from({ length: 16 }, (_, index) => index) }"
    hello, host_share, guest_share, confirmation, *sealed = lines
    found = await page.evaluate(f"""(() => {{
        const counting = (first, count) => Uint8Array.from({{ length: count }}, (_, index) => first + index);
        // The nonce is taken first, then the scalar.
        const first = [0x20, 0x50];
        const exchange = new Exchange({entrance}, "abcdefghijkmnpqr", counting(0xa0, 32), (count) => counting(first.shift(), count));
        const hello = exchange.hello;
        const share = exchange.answer({host_share});
        const keys = exchange.conclude({confirmation});
        const [host, guest] = [keys.seal("host"), keys.seal("guest")];
        const texts = {json.dumps(sealed[0:8:2])};
        return {{
            hello, share, host: hex(exchange.hostCertificate),
            keys: ["seal host", "seal guest", "channel host", "channel guest"].map((label) => hex(keys.key(label))),
            sealed: texts.map((text, index) => {{
                const seal = index < 2 ? host : guest;
                return {{ seq: seal.count, sealed: base64url(seal.close(text)) }};
            }}),
            proofs: [keys.proof("host", counting(0x80, 32), counting(0xa0, 32)),
                keys.proof("guest", counting(0xa0, 32), counting(0x80, 32))].map(base64url),
        }};
    }})()""")
    assert (found["hello"], found["share"]) == (json.loads(hello), json.loads(guest_share))
    assert found["host"] == bytes(range(0x80, 0xa0)).hex()
    assert found["keys"] == [values[f'key("{label}")'] for label in ("seal host", "seal guest", "channel host", "channel guest")]
    assert found["sealed"] == [json.loads(body) for body in sealed[1:8:2]]
    assert found["proofs"] == [json.loads(line)["proof"] for line in sealed[8:10]]


@pytest.mark.parametrize("change", [
    {"words": "clock mango acid"}, {"number": 8}], ids=["other words", "another number"])
async def test_a_host_that_expects_something_else(page, change):
    pairing = host(**change)
    share = await step(page, "answer", pairing.handle(json.dumps(await begin(page, CODE))))
    with pytest.raises(WrongSecret):
        pairing.handle(json.dumps(share))


@pytest.mark.parametrize("body, code", [
    ({"refused": "dead"}, "dead-there"), ({"refused": "no-code"}, "no-code"), ({"refused": "version"}, "version"),
    ({"refused": "wrong-secret"}, "wrong-words"), ({"refused": "toString"}, "cannot-verify"), ({"refused": 1}, "cannot-verify"),
    ({"hello": 1, "nonce": encode(bytes(16))}, "cannot-verify"), (None, "cannot-verify"), ([], "cannot-verify"),
    (3, "cannot-verify"), ({"confirm": encode(bytes(32))}, "cannot-verify")])
async def test_bodies_in_place_of_a_share(page, body, code):
    await begin(page, CODE)
    assert await step(page, "answer", json.dumps(body)) == code


@pytest.mark.parametrize("member, value", [
    ("nonce", encode(bytes(15))), ("nonce", None), ("share", encode(bytes(33))), ("share", "A" * 42 + "B"),
    ("certificate", ""), ("certificate", 5), ("hello", 3), *(("share", encode(bytes.fromhex(x))) for x in REFUSED_POINTS)])
async def test_shares_that_are_none(page, member, value):
    body = json.loads(host().handle(json.dumps(await begin(page, LINK))))
    assert await step(page, "answer", json.dumps({**body, member: value})) == "cannot-verify"


@pytest.mark.parametrize("body", [{"confirm": encode(bytes(32))}, {"confirm": encode(bytes(31))}, {}, None])
async def test_confirmations_that_are_none(page, body):
    await step(page, "answer", host().handle(json.dumps(await begin(page, LINK))))
    assert await step(page, "conclude", json.dumps(body)) == "cannot-verify"


async def test_a_host_that_reflects_what_we_sent(page):
    pairing = host()
    share = await step(page, "answer", pairing.handle(json.dumps(await begin(page, LINK))))
    assert await step(page, "conclude", json.dumps({"confirm": share["confirm"]})) == "cannot-verify"


async def test_boxes_open_once_and_in_order(page):
    assert await page.evaluate("""(() => {
        const key = new Uint8Array(32);
        const [sender, receiver] = [new Seal(key), new Seal(key)];
        const [first, second] = ["a", "b"].map((text) => sender.close(text));
        const changed = first.map((byte, index) => (index === 16 ? byte ^ 1 : byte));
        return [second, changed, new Uint8Array(15), first, first, second].map((box) => receiver.open(box));
    })()""") == [None, None, None, "a", None, "b"]


# MARK: Codes as people type them


async def parsed(page, texts):
    """What the page makes of each text: words, or the code of a failure."""
    return await page.evaluate(f"""(async () => {{
        const words = await codeWords;
        return {json.dumps(texts)}.map((text) => {{
            const {{ number, words: found, problem, detail }} = parseCode(text, words);
            return problem ? {{ problem, detail }} : {{ code: codeText({{ number, words: found }}) }};
        }});
    }})()""")


async def test_codes_as_people_type_them(page):
    texts = ["7-clock-mango-crust", "7 clock mango crust", " 7_CLOCK--mango.crust ", "7-clokc-mngo-crust",
             "7-cloock-mango-crusty", "999999-clock-mango-crust"]
    assert await parsed(page, texts) == [{"code": "7-clock-mango-crust"}] * 5 + [{"code": "999999-clock-mango-crust"}]
    problems = await parsed(page, [
        "0-clock-mango-crust", "07-clock-mango-crust", "1000000-clock-mango-crust", "clock-mango-crust", "",
        "7-clock-mango", "7", "7-clock", "7-clock-mango-crust-acid", "7-clock-mango-qqqqq", "7-qqqqq-mango-crust",
        "7-clock-mango-yo-yo"])
    assert [problem["problem"] for problem in problems] == ["bad-number"] * 5 + ["word-count"] * 4 + [
        "unknown-word"] * 2 + ["word-count"]
    assert [problem["detail"] for problem in problems[5:11]] == [
        "There are 2 words behind the number.", "There are no words behind the number.",
        "There is one word behind the number.", "There are 4 words behind the number.",
        "The third word is in no code.", "The first word is in no code."]
    # Two words are near: it is for the person to say which.
    [ambiguous] = await parsed(page, ["7-mango-crust-cla"])
    assert ambiguous["problem"] == "unknown-word" and "third word is in no code. Perhaps “" in ambiguous["detail"]


async def test_typing_mistakes_are_forgiven_as_elsewhere(page):
    chance = random.Random(11)
    texts = []
    for _ in range(300):
        words = chance.sample(WORDS, 3)
        word = list(words[1])
        for _ in range(chance.choice([1, 1, 2])):
            place = chance.randrange(len(word))
            kind = chance.choice(["more", "less", "other", "exchanged"])
            if kind == "more":
                word.insert(place, chance.choice("abcdefghijklmnopqrstuvwxyz"))
            elif kind == "less" and len(word) > 1:
                del word[place]
            elif kind == "other":
                word[place] = chance.choice("abcdefghijklmnopqrstuvwxyz")
            elif place + 1 < len(word):
                word[place], word[place + 1] = word[place + 1], word[place]
        texts.append(f"{chance.randrange(1, 1000)}-{words[0]}-{''.join(word)}-{words[2]}")

    def wanted(text):
        try:
            return str(Code.parse(text, "x"))
        except ValueError:
            return None

    found = [one.get("code") for one in await parsed(page, texts)]
    assert found == [wanted(text) for text in texts]
    assert 100 < sum(code is not None for code in found) < 300


async def test_completion(page):
    values = await page.evaluate("""codeWords.then((words) =>
        ["", "7", "7-", "cl", "7-clo", "7-clock", "7 Clo", "7-clock-mango-cru", "7-clock-mango-crust-a", "7-qqq", "7-crust"]
            .map((text) => completions(text, words, 4)))""")
    clo = [word for word in WORDS if word.startswith("clo")][:4]
    cru = [word for word in WORDS if word.startswith("cru")][:4]
    clocks = [word for word in WORDS if word.startswith("clock")][:4]
    assert [value["choices"] for value in values] == [
        [], [], [], [], clo, [] if clocks == ["clock"] else clocks, clo, cru, [], [], []]
    assert values[4]["begin"] == "7-" and values[7]["begin"] == "7-clock-mango-"
    assert await page.evaluate("[completed('7-', 'clock'), completed('7-clock-mango-', 'crust')]") == [
        "7-clock-", "7-clock-mango-crust"]
