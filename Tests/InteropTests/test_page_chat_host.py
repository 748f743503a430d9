"""Pages that make the room of a talk, at a server that offers it: two pages, and an independent peer as guest."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio

from chat_peer import Guest
from conftest import lan_address
from martlet_peer import Receiver, TransferError
from page_chats import ChatTab
from page_hosts import browsers, guest as file_guest, hosting_server, tab as plain_tab  # noqa: F401 (fixtures)
from rendezvous import Rendezvous
from rooms_client import Code, Link, Refused, RoomClient


@pytest.fixture
def tab(plain_tab):  # noqa: F811
    def make(*arguments):
        made = plain_tab(*arguments)
        made.__class__ = ChatTab
        return made
    return make


@contextlib.asynccontextmanager
async def guest(host, link, name="gust"):
    """The independent peer, in the page's talk."""
    async with Guest(Link.parse(link), name=name) as made:
        await host.chat.talking()
        yield made


@pytest.mark.parametrize("names", [("chromium", "firefox"), ("firefox", "chromium")], ids="-".join)
@pytest.mark.parametrize("by", ["code", "link"])
async def test_two_pages_talk(tab, names, by):
    host, other = map(tab, names)
    code, link = await host.host_chat()
    await host.picture("chat-hosting")
    if by == "code":
        await other.enter(code)
    else:
        await other.open(link)
    await asyncio.gather(host.chat.talking(), other.chat.talking())
    await host.chat.say("hello")
    await other.chat.say("hi\nthere", "👍")
    await asyncio.gather(
        other.chat.shows("heard", ["hello"]), host.chat.shows("heard", ["hi\nthere", "👍"]),
        host.chat.ticks("delivered"), other.chat.ticks("delivered", "delivered"))
    # Both are loaded again, one after the other and at once; what is said meanwhile arrives.
    await other.chat.reload()
    await host.chat.say("while you were away")
    await other.chat.shows("heard", ["hello", "while you were away"])
    await host.chat.reload()
    await other.chat.say("and you")
    await host.chat.shows("heard", ["hi\nthere", "👍", "and you"])
    await asyncio.gather(host.chat.reload(), other.chat.reload())
    await asyncio.gather(host.chat.say("both"), other.chat.say("of us"))
    await asyncio.gather(
        other.chat.shows("heard", ["hello", "while you were away", "both"]),
        host.chat.shows("heard", ["hi\nthere", "👍", "and you", "of us"]),
        host.chat.ticks(*["delivered"] * 3), other.chat.ticks(*["delivered"] * 4))
    await host.page.click("#talk-more")
    await other.page.click("#talk-more")
    words = "(document.querySelector('.talk-words')?.textContent ?? '')"
    shown = [await made.page.wait_for(f"{words}.includes(' · ') && {words}") for made in (host, other)]
    assert shown[0] == shown[1]
    await host.page.click("#talk-leave")
    await other.chat.state("The talk is over")
    await host.chat.state("You have left")


async def test_the_independent_peer_as_guest(tab):
    host = tab()
    _, link = await host.host_chat()
    async with guest(host, link) as made:
        pair = made.host
        assert pair.people == 2
        pair.say("hello")
        await host.chat.shows("heard", ["hello"])
        await host.chat.say("hi")
        await pair.until(lambda: pair.texts == ["hi"] and pair.delivered == 1)
        await host.chat.ticks("delivered")
        # It loses the connection, and what is said on both sides waits.
        await made.lose()
        await host.chat.state("Waiting for gust to come back")
        await host.picture("chat-host-lost")
        await host.chat.say("are you there?", "hm")
        pair.say("no")
        await host.chat.reload()
        await host.chat.ticks("delivered", "not sent yet", "not sent yet")
        await made.enter()
        await pair.until(lambda: pair.texts == ["hi", "are you there?", "hm"])
        await host.chat.shows("heard", ["hello", "no"])
        await host.chat.ticks("delivered", "delivered", "delivered")
        await host.chat.state("")
        # A second connection with the same session takes the place of the first, which looks alive.
        made.host.is_standing = False
        await made.enter()
        await host.chat.say("twice?")
        await pair.until(lambda: pair.texts[-1] == "twice?")
        await made.leave()
        await host.chat.notice("gust has left")
        await host.page.wait_for("!document.querySelector('#card').hidden")
        await host.picture("chat-host-left")


async def test_what_is_written_before_anybody_comes(tab):
    host = tab()
    _, link = await host.host_chat()
    async with guest(host, link, "first") as made:
        await made.leave()
        await host.chat.notice("first has left")
    await host.chat.say("whoever comes", "shall read this")
    await host.chat.ticks("not sent yet", "not sent yet")
    await host.chat.reload()
    async with guest(host, link, "second") as made:
        await made.host.until(lambda: made.host.texts == ["whoever comes", "shall read this"])
        await host.chat.ticks("delivered", "delivered")


async def test_a_third_one_finds_it_full_until_nobody_is_awaited(tab):
    host = tab()
    _, link = await host.host_chat()
    async with guest(host, link, "first") as first:
        with pytest.raises(TransferError, match="taken"):
            async with Guest(Link.parse(link), name="third"):
                pass
        await first.lose()
        await host.chat.say("only for the first")
        await host.page.click("#talk-release")
        await host.chat.notice("first is not awaited any more")
        await host.chat.ticks("not delivered")
        async with guest(host, link, "second") as second:
            await host.chat.notice("second (aiortc) is here")
            await host.chat.say("for the second")
            await second.host.until(lambda: second.host.texts == ["for the second"])
            # Who was given up is somebody new, and there is no place now.
            with pytest.raises(TransferError, match="taken"):
                await first.enter()


async def test_a_place_is_kept_for_ten_minutes(tab):
    host = tab()
    host.page = await host.browser.open()
    await host.page.before_scripts("""
        const later = window.setTimeout.bind(window);
        window.setTimeout = (work, time) => later(work, time === 600000 ? 1000 : time);""")
    await host.page.goto(host.server.origin)
    await host.state("beginning")
    await host.page.click("#chat")
    await host.state("hosting")
    link = await host.page.evaluate("document.querySelector('#link').textContent")
    async with guest(host, link) as made:
        await made.lose()
        await host.chat.notice("gust is not awaited any more")
        await host.page.wait_for("!document.querySelector('#card').hidden")


async def test_wrong_words_are_told_and_a_reload_goes_on_counting(tab):
    host = tab()
    code, link = await host.host_chat()
    number = code.split("-")[0]
    wrong = Code(host.server.origin, int(number), "acid acorn acre")

    async def guess():
        with pytest.raises(Refused):
            async with RoomClient(wrong, is_host=False) as room:
                await asyncio.wait_for(room.paired(), 20)

    await guess()
    await host.notice("Two more wrong tries")
    async with guest(host, link):
        await guess()
        await host.notice("One more wrong try")
        await host.picture("chat-host-guessed")
        await host.chat.reload()
        await host.page.wait_for("!document.querySelector('#talk-invite').hidden")
        await host.page.click("#talk-invite")
        await host.notice("One more wrong try")
        await guess()
        await host.notice("this code is dead")
        await host.page.click("#new-code")
        await host.page.wait_for(f"![{json.dumps(code)}, ''].includes(document.querySelector('#code').textContent)")
        fresh = await host.page.evaluate("document.querySelector('#code').textContent")
        await host.chat.reload()
        await host.page.click("#talk-invite")
        await host.page.wait_for(f"document.querySelector('#code').textContent === {json.dumps(fresh)}")
        await host.page.wait_for(f"document.querySelector('#link').textContent === {json.dumps(link)}")


async def test_the_server_goes_away_and_the_talk_stays(tab):
    async with Rendezvous(hosting=True) as server:
        host = tab("chromium", server)
        _, link = await host.host_chat()
        made = await Guest(Link.parse(link), name="gust").__aenter__()
        await host.chat.talking()
    await host.chat.state("The server does not answer")
    await host.chat.say("still here")
    await made.host.until(lambda: made.host.texts == ["still here"])
    async with Rendezvous(hosting=True, port=server.port):
        await host.page.evaluate("dispatchEvent(new Event('online'))")
        await host.chat.state("")
        await made.lose()
        await made.enter()
        await host.chat.say("again")
        await made.host.until(lambda: made.host.texts == ["still here", "again"])
        await made.__aexit__()


async def test_leaving_before_anybody_came_leads_back_to_the_beginning(tab):
    host = tab()
    await host.host_chat()
    await host.page.click("#cancel")
    await host.state("beginning")
    assert await host.page.evaluate("sessionStorage['martlet.talk'] ?? null") is None


async def test_a_duplicated_host_does_not_take_the_room(tab):
    host, second = tab(), tab()
    _, link = await host.host_chat()
    async with guest(host, link) as made:
        memory = await host.page.evaluate("JSON.stringify({...sessionStorage})")
        second.page = await second.browser.open()
        await second.page.before_scripts(f"if (location.protocol !== 'about:') Object.entries({memory})"
                                         ".forEach(([key, value]) => sessionStorage.setItem(key, value))")
        await second.page.goto(host.server.origin)
        await second.failure("other-tab")
        await host.chat.say("still here")
        await made.host.until(lambda: made.host.texts == ["still here"])


@pytest.mark.skipif(lan_address() is None, reason="this machine has no other address")
async def test_pages_over_plain_http_talk(tab):
    """No secure context: no crypto.subtle, no notifications."""
    async with Rendezvous(host=lan_address(), hosting=True) as server:
        host, other = tab("chromium", server), tab("firefox", server)
        _, link = await host.host_chat()
        assert not await host.page.evaluate("isSecureContext")
        await other.open(link)
        await asyncio.gather(host.chat.talking(), other.chat.talking())
        await host.chat.say("hello")
        await other.chat.shows("heard", ["hello"])
        await host.chat.ticks("delivered")
        assert await host.page.evaluate("document.querySelector('#talk-notify').hidden")
        await other.chat.reload()
        await other.chat.say("hi")
        await host.chat.shows("heard", ["hi"])


async def test_a_link_for_files_is_no_link_for_a_chat(tab, tmp_path):
    """And the other way round: the page goes on waiting for the right one."""
    (tmp_path / "a.bin").write_bytes(b"x" * 1000)
    files, talk = tab(), tab()
    _, link = await files.offer(tmp_path / "a.bin")
    with pytest.raises(TransferError):
        async with Guest(Link.parse(link)):
            pass
    await files.notice("nothing was sent")
    _, link = await talk.host_chat()
    room, connection = await file_guest(Link.parse(link))
    with pytest.raises((AssertionError, TransferError)):
        await Receiver(connection).run()
    await connection.close()
    await room.__aexit__()
    await talk.notice("no talk began")


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_guest_with_an_old_memory_comes_as_somebody_new(tab, name):
    host = tab(name)
    _, link = await host.host_chat()
    async with guest(host, link) as old:
        await host.chat.say("1")
        await host.chat.ticks("delivered")
        await old.lose()
        await host.chat.say("2")
        # It has forgotten what it had acknowledged.
        old.host.heard = old.host.acknowledged = 0
        with contextlib.suppress(TransferError):
            await old.enter()
            await old.host.until(lambda: not old.host.is_standing)
        async with Guest(Link.parse(link), name="gust") as fresh:
            await fresh.host.until(lambda: fresh.host.texts == ["2"])
            await host.chat.ticks("delivered", "delivered")


@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_a_host_with_an_old_memory_has_a_place_for_its_guest(tab, name):
    host = tab(name)
    _, link = await host.host_chat()
    async with guest(host, link) as made:
        await host.chat.say("1")
        await host.chat.ticks("delivered")
        await host.page.wait_for("JSON.parse(sessionStorage['martlet.talk']).members[0].pair.queue.length === 0")
        old = await host.page.evaluate("sessionStorage['martlet.talk']")
        made.host.say("a")
        await host.chat.say("2")
        await host.chat.ticks("delivered", "delivered")
        await made.host.until(lambda: made.host.delivered == 1)
        await host.page.evaluate(
            f"addEventListener('pagehide', () => sessionStorage.setItem('martlet.talk', {json.dumps(old)}))")
        await host.chat.reload()
        await host.chat.say("3")
        with pytest.raises(TransferError):
            await made.enter()
            await made.host.until(lambda: not made.host.is_standing)
            raise made.host.failure
        made.host.failure = None
        made.host.say("b")
        await made.enter()
        await made.host.until(lambda: made.host.texts == ["1", "2", "3"])
        await host.chat.shows("heard", ["b"])
        await host.chat.ticks("delivered", "delivered")
