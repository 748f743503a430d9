"""What the tests of the page's chat share."""

import json

from page_hosts import Tab

SHOWN = "Array.from(document.querySelectorAll('#talk-log .talk-row.{} .talk-text'), (e) => e.textContent)"


class ChatPage:
    """What a person does and sees in the talk of a page."""

    def __init__(self, page):
        self.page = page

    async def say(self, *texts):
        """As if typed and sent, all at once."""
        await self.page.evaluate(f"""{json.dumps(texts)}.forEach((text) => {{
            const input = document.querySelector('#talk-input');
            input.value = text;
            input.dispatchEvent(new Event('input'));
            document.querySelector('#talk-form').requestSubmit();
        }})""")

    async def shows(self, kind, texts, timeout=30):
        """Waits until exactly these messages of a kind (`heard`, `said`) are on the screen."""
        wanted = json.dumps(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))
        await self.page.wait_for(f"JSON.stringify({SHOWN.format(kind)}) === {wanted}", timeout)

    async def ticks(self, *labels, timeout=30):
        """Waits until those are the marks of all messages of ours, in order."""
        found = "Array.from(document.querySelectorAll('.talk-row.said .talk-ticks'), (e) => e.getAttribute('aria-label'))"
        await self.page.wait_for(f"{found}.join() === {json.dumps(','.join(labels))}", timeout)

    async def notice(self, part, timeout=30):
        """Waits until the log tells this."""
        found = "Array.from(document.querySelectorAll('.talk-notice'), (e) => e.textContent)"
        await self.page.wait_for(f"{found}.some((text) => text.includes({json.dumps(part)}))", timeout)

    async def state(self, part, timeout=30):
        """Waits until the line about the connection says this; nothing, where it is empty."""
        text = "document.querySelector('#talk-state-text').textContent"
        await self.page.wait_for(f"{text}.includes({json.dumps(part)})" if part else f"{text} === ''", timeout)

    async def talking(self, timeout=30):
        await self.page.wait_for("document.documentElement?.dataset.state === 'talking'", timeout)

    async def reload(self):
        await self.page.reload()
        await self.talking()


class ChatTab(Tab):
    """A page that makes the room of a talk, or comes to one."""

    @property
    def chat(self):
        return ChatPage(self.page)

    async def host_chat(self):
        """Code and link."""
        await self.open(self.server.origin)
        await self.state("beginning")
        await self.page.click("#chat")
        await self.state("hosting")
        return await self.page.evaluate(
            "['code', 'link'].map((name) => document.getElementById(name).textContent)")
