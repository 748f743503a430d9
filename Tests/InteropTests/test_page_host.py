"""The page as host of a room: pages and others that come to it, in real browsers."""

import asyncio
import contextlib
import json

import pytest

from conftest import lan_address
from martlet_peer import Kept, Receiver, TransferError
from page_hosts import Tab, browsers, files, guest, hosting_server, receive, tab  # noqa: F401 (fixtures)
from page_support import noise
from rendezvous import Rendezvous
from rooms_client import WORDS, Code, Link, Refused, RoomClient

PAIRS = [("chromium", "chromium"), ("chromium", "firefox"), ("firefox", "chromium"), ("firefox", "firefox")]


# MARK: Page to page


@pytest.mark.parametrize("by", ["code", "link"])
@pytest.mark.parametrize("host_name, guest_name", PAIRS, ids=["-to-".join(pair) for pair in PAIRS])
async def test_a_page_sends_to_a_page(tab, tmp_path, host_name, guest_name, by):
    content = noise(5_000_000)
    (tmp_path / "holiday.mp4").write_bytes(content)
    host, receiver = tab(host_name), tab(guest_name)
    code, link = await host.offer(tmp_path / "holiday.mp4")
    if by == "code":
        await receiver.enter(code)
    else:
        await receiver.open(link)
    text = await receiver.state("offered")
    assert "holiday.mp4" in text and {"chromium": "Chrome", "firefox": "Firefox"}[host_name] in text
    assert "asked whether it wants this" in await host.state("waiting")
    words = "(document.querySelector('#words').hidden ? '' : document.querySelector('#word-list').textContent)"
    compared = await host.page.wait_for(words)
    assert compared == await receiver.page.wait_for(words) and compared.count("·") == 2
    await receiver.page.click("#accept")
    [file] = await receiver.browser.downloads.finished(1)
    assert file.name == "holiday.mp4" and file.read_bytes() == content
    assert "confirmed every byte" in await host.state("done")
    assert "saved" in await receiver.state("done")
    # Nothing of it was for the server.
    relayed = json.dumps(host.server.relayed)
    assert "holiday" not in relayed and "fingerprint" not in relayed and "candidate" not in relayed


# MARK: Wrong words, and who else comes


async def guess(entrance):
    """Shows a confirmation of wrong words; what the host says to that."""
    async with RoomClient(entrance, is_host=False) as room:
        with pytest.raises(Refused) as refused:
            await asyncio.wait_for(room.paired(), 20)
        return refused.value.code


async def test_wrong_words_three_times(tab, files):
    contents, paths = files
    host, stranger = tab(), tab("firefox")
    code, link = await host.offer(*paths)
    origin = host.server.origin
    wrong = Code(origin, int(code.split("-")[0]), "acid acorn acre")
    # A page first, which corrects itself too late.
    await stranger.enter(str(wrong))
    assert "two tries" in (await stranger.failure("wrong-words")).lower()
    await host.notice("Two more wrong tries, and this code is dead")
    await host.picture("hosting-wrong")
    assert await guess(wrong) == "wrong-secret"
    await host.notice("One more wrong try")
    assert await guess(wrong) == "wrong-secret"
    await host.notice("this code is dead")
    await host.picture("hosting-dead")
    # Now the right ones do not help any more: not before a share, and not to the page.
    right = Code.parse(code, origin)
    assert await guess(right) == "dead"
    await stranger.correct(code)
    await stranger.failure("dead-there")
    # A new code by one button; the link goes on.
    await host.page.click("#new-code")
    await host.page.wait_for(f"![{json.dumps(code)}, ''].includes(document.querySelector('#code').textContent)")
    fresh, same = await host.invitation()
    assert same == link and fresh.split("-")[0] != code.split("-")[0]
    room, connection = await guest(Code.parse(fresh, origin))
    await connection.close()
    await room.__aexit__()
    await host.notice("nothing was sent")
    received, _ = await receive(host, origin, Link.parse(link))
    assert received.files == contents


async def test_several_guesses_at_once_are_still_three(tab, files):
    host = tab()
    code, _ = await host.offer(*files[1])
    wrong = Code(host.server.origin, int(code.split("-")[0]), "acid acorn acre")
    codes = await asyncio.gather(*(guess(wrong) for _ in range(12)))
    assert codes.count("wrong-secret") == 3 and codes.count("dead") == 9
    await host.notice("this code is dead")


async def test_a_wrong_link_costs_no_look(tab, files):
    contents, paths = files
    host = tab()
    code, link = await host.offer(*paths)
    right = Link.parse(link)
    for _ in range(4):
        assert await guess(Link(right.origin, right.room, bytes(16))) == "wrong-secret"
    await host.notice("a link that is not this one")
    received, _ = await receive(host, right.origin, Code.parse(code, right.origin))
    assert received.files == contents


@pytest.mark.parametrize("bodies, answer", [
    ([{"hello": 3, "by": "link", "nonce": "A" * 22}], {"refused": "version"}),
    ([{"hello": 2, "by": "luck", "nonce": "A" * 22}], None),
    ([{"hello": 2, "by": "link", "nonce": "A"}], None), ([[]], None), (["x"], None), ([None], None),
    ([{"hello": 2, "by": "link", "nonce": "A" * 22}] * 2, None), ([{"share": "A" * 43}], None),
    ([{"seq": 0, "sealed": ""}], None),
], ids=str)
async def test_bodies_that_are_none_of_the_exchange(tab, files, bodies, answer):
    contents, paths = files
    host = tab()
    _, link = await host.offer(*paths)
    link = Link.parse(link)
    async with RoomClient(link, is_host=False) as room:
        for body in bodies:
            await room._relay(json.dumps(body))
        if answer:
            assert json.loads(await asyncio.wait_for(room._body(), 10)) == answer
    # Whatever somebody says, the next one is served.
    received, _ = await receive(host, link.origin, link)
    assert received.files == contents


async def test_a_second_guest_is_told_that_it_is_taken(tab, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(2_000_000))
    host = tab()
    code, link = await host.offer(tmp_path / "a.bin")
    first, second = tab("firefox"), tab()
    await first.open(link)
    await first.state("offered")
    await second.enter(code)
    assert "Somebody is connected already" in await second.failure("taken")
    await first.page.click("#accept")
    await host.state("done")
    await first.browser.downloads.finished(1)


async def test_a_no_is_an_answer(tab, files):
    host = tab()
    _, link = await host.offer(*files[1])
    room, connection = await guest(Link.parse(link))
    await Receiver(connection, decide=lambda items: False).run()
    assert "declined" in await host.failure("declined")
    await connection.close()
    await room.__aexit__()


async def test_a_guest_that_goes_before_its_yes_leaves_the_place(tab, files):
    contents, paths = files
    host, shy = tab(), tab("firefox")
    _, link = await host.offer(*paths)
    await shy.open(link)
    await shy.state("offered")
    # Loaded again, it is the same one; closed, it is gone.
    await shy.page.reload()
    await shy.state("offered")
    await shy.page.close()
    shy.page = None
    await host.notice("nothing was sent")
    received, _ = await receive(host, host.server.origin, Link.parse(link))
    assert received.files == contents


# MARK: Interruptions


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_receiver_that_was_lost_comes_back(tab, tmp_path, name):
    content = noise(20_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    host = tab(name)
    code, link = await host.offer(tmp_path / "a.bin")
    room, connection = await guest(Link.parse(link))
    kept = Kept()
    lost = Receiver(connection, kept=kept)
    lost.vanish_after = 6_000_000
    with contextlib.suppress(TransferError):
        await lost.run()
    await connection.close()
    await room.__aexit__()
    text = await host.state("interrupted")
    assert "Interrupted at" in text and code in text and link in text
    await host.picture("hosting-interrupted")
    # Nobody else gets the rest.
    other_room, other = await guest(Link.parse(link))
    with pytest.raises(TransferError, match="taken"):
        await Receiver(other).run()
    await other.close()
    await other_room.__aexit__()
    received, _ = await receive(host, host.server.origin, Code.parse(code, host.server.origin), kept)
    assert received.files == {"a.bin": content} and received.begun[0] >= 5_000_000


async def test_the_place_of_a_lost_receiver_is_given_to_somebody_else(tab, tmp_path):
    content = noise(8_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    host = tab()
    _, link = await host.offer(tmp_path / "a.bin")
    room, connection = await guest(Link.parse(link))
    lost = Receiver(connection)
    lost.vanish_after = 2_000_000
    with contextlib.suppress(TransferError):
        await lost.run()
    await connection.close()
    await room.__aexit__()
    await host.state("interrupted")
    await host.page.click("#release")
    await host.invitation()
    received, _ = await receive(host, host.server.origin, Link.parse(link))
    assert received.files == {"a.bin": content}


async def test_the_hosting_page_is_loaded_again(tab, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(40_000_000))
    host, receiver = tab(), tab("firefox")
    _, link = await host.offer(tmp_path / "a.bin")
    await receiver.open(link)
    await receiver.state("offered")
    await receiver.page.click("#accept")
    await receiver.page.wait_for("document.querySelector('#progress').value > 0.02")
    await host.page.reload()
    text = await receiver.failure("canceled-there")
    assert "The page that sent was closed or loaded again" in text
    await host.state("beginning")


async def test_the_person_stops(tab, tmp_path):
    (tmp_path / "a.bin").write_bytes(noise(40_000_000))
    host, receiver = tab(), tab("firefox")
    code, link = await host.offer(tmp_path / "a.bin")
    # Nobody is there: the files stay chosen, and get another code.
    await host.page.click("#cancel")
    assert "a.bin" in await host.state("choosing")
    await host.page.click("#send")
    other, link = await host.invitation()
    assert other != code
    await receiver.open(link)
    await receiver.state("offered")
    await receiver.page.click("#accept")
    await host.state("moving")
    await host.page.click("#cancel")
    await host.failure("canceled-here")
    await receiver.failure("canceled-there")


# MARK: Plain HTTP, and what is shown


@pytest.mark.parametrize("host_name, guest_name", [("chromium", "firefox"), ("firefox", "chromium")])
async def test_on_a_lan_address_over_plain_http(browsers, tmp_path, host_name, guest_name):
    address = lan_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    content = noise(2_000_000)
    (tmp_path / "a.bin").write_bytes(content)
    async with Rendezvous(address, hosting=True) as server:
        host, receiver = Tab(browsers[host_name], server), Tab(browsers[guest_name], server)
        code, _ = await host.offer(tmp_path / "a.bin")
        assert await host.page.evaluate("crypto.subtle === undefined")
        await host.picture("hosting-lan")
        await receiver.enter(code)
        await receiver.state("offered")
        await receiver.page.click("#accept")
        [file] = await receiver.browser.downloads.finished(1)
        assert file.read_bytes() == content
        await host.state("done")
        for made in (host, receiver):
            await made.page.close()
        await receiver.browser.downloads.settle()


async def test_a_folder(tab, tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(noise(10_000))
    (folder / "more/b.jpg").write_bytes(noise(20_000, 2))
    host = tab()
    _, link = await host.offer(folder, selector="#folder-input")
    received, _ = await receive(host, host.server.origin, Link.parse(link))
    assert received.files == {"photos/a.jpg": noise(10_000), "photos/more/b.jpg": noise(20_000, 2)}


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_the_beginning(tab, files, name):
    host = tab(name)
    host.page = await host.browser.open(host.server.origin)
    text = await host.state("beginning")
    assert "Link or code" in text and "Drop files" in text
    await host.picture("beginning")
    # A mistake in the code leaves both ways open.
    await host.correct("7-clock-mango-xxxxx")
    await host.failure("unknown-word")
    await host.page.set_files("#file-input", *files[1])
    await host.state("choosing")
    await host.picture("hosting-choosing")


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_words_are_drawn_without_favour(tab, name):
    host = tab(name)
    host.page = await host.browser.open(host.server.origin)
    drawn, refused, room = await host.page.evaluate("""(async () => {
        const [{ drawWords, drawRoom }, { codeWords }] = await Promise.all([import("/draw.js"), import("/code.js")]);
        const list = await codeWords;
        const given = [2 ** 32 - 1, 2 ** 32 - 2 ** 32 % list.length, 0, list.length + 1, 2 ** 32 - 2 ** 32 % list.length - 1];
        const draw = (array) => array.fill(given.shift());
        return [drawWords(list, draw), given.length, drawRoom()];
    })()""")
    assert drawn == [WORDS[0], WORDS[1], WORDS[-1]] and refused == 0
    Link.parse(f"http://x/#{room}.{'A' * 22}")
