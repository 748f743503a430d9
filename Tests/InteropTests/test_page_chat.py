"""The chat of the page (Docs/Protocols/Chat.md): with a Python peer, and page with page, in real browsers."""

import asyncio
import json

import pytest

from page_hosts import Tab, browsers, hosting_server, tab  # noqa: F401 (fixtures)


async def say(made, text):
    """Types and sends, as a person does."""
    await made.page.evaluate("document.querySelector('#talk-input').focus()")
    await made.page.evaluate(
        f"(() => {{ const e = document.querySelector('#talk-input'); e.value = {json.dumps(text)};"
        " e.dispatchEvent(new Event('input')); document.querySelector('#talk-form').requestSubmit(); })()")


def shown(kind):
    return (f"Array.from(document.querySelectorAll('#talk-log .talk-row.{kind} .talk-text'), (e) => e.textContent)")


async def messages(made, kind, wanted, timeout=30):
    """Waits until exactly these are on the screen."""
    await made.page.wait_for(f"JSON.stringify({shown(kind)}) === {json.dumps(json.dumps(wanted, ensure_ascii=False, separators=(',', ':')))}", timeout)


async def delivered(made, count, timeout=30):
    await made.page.wait_for("document.querySelectorAll('.talk-row.said .talk-ticks[aria-label=\"delivered\"]').length"
                             f" === {count}", timeout)


class ChatTab(Tab):
    async def host_chat(self):
        await self.open(self.server.origin)
        await self.state("beginning")
        await self.page.click("#chat")
        await self.state("hosting")
        code, link = await self.page.evaluate(
            "['code', 'link'].map((name) => document.getElementById(name).textContent)")
        return code, link


@pytest.mark.parametrize("host, guest", [("chromium", "firefox"), ("firefox", "chromium")])
async def test_two_pages_talk(tab, host, guest):
    one, other = tab(host), tab(guest)
    one.__class__ = ChatTab
    code, link = await one.host_chat()
    await other.open(link)
    await other.state("talking")
    await one.state("talking")
    await say(one, "hello")
    await say(other, "hi\nthere")
    await messages(other, "heard", ["hello"])
    await messages(one, "heard", ["hi\nthere"])
    await delivered(one, 1)
    await delivered(other, 1)
    await asyncio.gather(one.page.reload(), other.page.reload())
    await one.state("talking")
    await other.state("talking")
    await say(one, "again")
    await say(other, "and again")
    await messages(other, "heard", ["hello", "again"])
    await messages(one, "heard", ["hi\nthere", "and again"])
    await one.picture("chat-two-pages-host")
    await other.picture("chat-two-pages-guest")
