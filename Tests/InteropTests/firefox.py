"""Firefox over WebDriver BiDi. See browser.py for how to use it."""

import asyncio
import base64
import json
import os
import re

from browser import Browser, BrowserError, Page

PREFERENCES = {
    # A quiet start without a single request of its own.
    "browser.shell.checkDefaultBrowser": False, "browser.startup.page": 0, "browser.startup.homepage": "about:blank",
    "browser.aboutwelcome.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.server": "", "app.update.enabled": False, "app.normandy.enabled": False,
    "extensions.update.enabled": False, "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1", "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False, "network.dns.disablePrefetch": True,
    "network.prefetch-next": False, "browser.sessionstore.resume_from_crash": False,
    "toolkit.startup.max_resumed_crashes": -1, "remote.active-protocols": 1,
    # Downloads go to our folder without a question.
    "browser.download.folderList": 2, "browser.download.useDownloadDir": True,
    "browser.download.always_ask_before_handling_new_types": False, "browser.download.alwaysOpenPanel": False,
}


class FirefoxPage(Page):
    def __init__(self, browser, context):
        super().__init__()
        self.browser, self.context = browser, context

    def send(self, method, **parameters):
        return self.browser.send(method, context=self.context, **parameters)

    async def goto(self, url):
        await self.send("browsingContext.navigate", url=url, wait="complete")

    async def reload(self):
        await self.send("browsingContext.reload", wait="complete")

    async def evaluate(self, expression, timeout=60):
        for attempt in range(50):
            try:
                result = await asyncio.wait_for(self.browser.send(
                    "script.evaluate", expression=f"(async () => JSON.stringify(await ({expression})))()",
                    target={"context": self.context}, awaitPromise=True, userActivation=True), timeout)
                break
            except BrowserError as error:
                # The page is between two documents.
                if "unknown error" not in str(error) and "no such" not in str(error) or attempt == 49:
                    raise
                await asyncio.sleep(0.1)
        if result["type"] == "exception":
            raise BrowserError(result["exceptionDetails"]["text"])
        value = result["result"].get("value")
        return None if value is None else json.loads(value)

    async def _node(self, selector):
        found = await self.send("browsingContext.locateNodes", locator={"type": "css", "value": selector}, maxNodeCount=1)
        if not found["nodes"]:
            raise BrowserError(f"no {selector}")
        return {"sharedId": found["nodes"][0]["sharedId"]}

    async def set_files(self, selector, *paths):
        await self.send("input.setFiles", element=await self._node(selector), files=[os.path.abspath(path) for path in paths])

    async def click(self, selector):
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        origin = {"type": "element", "element": await self._node(selector)}
        await self.send("input.performActions", actions=[{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin}, {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0}]}])

    async def before_scripts(self, script):
        """Runs the script in each document that this tab opens from now on, before those of the page."""
        await self.browser.send("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}",
                                contexts=[self.context])

    async def press(self, key, code):
        """One key, as a person would press it: `press("Tab", 9)`, `press("Enter", 13)`."""
        await self.type({"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "ArrowUp": "\ue013",
                         "ArrowDown": "\ue015", " ": " "}[key])

    async def type(self, text):
        """Into the field that has the keyboard, a character at a time."""
        await self.send("input.performActions", actions=[{"type": "key", "id": "keys", "actions": [
            {"type": kind, "value": value} for value in text for kind in ("keyDown", "keyUp")]}])

    async def resize(self, width, height):
        await self.send("browsingContext.setViewport", viewport={"width": width, "height": height})

    async def screenshot(self, path):
        result = await self.send("browsingContext.captureScreenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))

    async def close(self):
        await self.send("browsingContext.close")


class Firefox(Browser):
    name = "firefox"
    binary = "/usr/bin/firefox-esr"
    address_pattern = re.compile(r"WebDriver BiDi listening on (ws://\S+)")

    def __init__(self, real_addresses=False, dark=False):
        super().__init__(real_addresses)
        self.dark = dark

    def environment(self):
        return {"MOZ_CRASHREPORTER_DISABLE": "1"}

    def arguments(self):
        preferences = {
            **PREFERENCES, "browser.download.dir": str(self.downloads.folder),
            "media.peerconnection.ice.obfuscate_host_addresses": not self.real_addresses,
            "layout.css.prefers-color-scheme.content-override": 0 if self.dark else 1,
        }
        with open(os.path.join(self.directory, "user.js"), "w") as file:
            for name, value in preferences.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        return ["--headless", "--remote-debugging-port=0", "--profile", self.directory, "--no-remote", "--new-instance",
                "about:blank"]

    async def _address(self):
        return await super()._address() + "/session"

    async def prepare(self):
        capabilities = {"acceptInsecureCerts": True, "unhandledPromptBehavior": {"default": "accept"}}
        session = await self.send("session.new", capabilities={"alwaysMatch": capabilities})
        self.version = session["capabilities"]["browserVersion"]
        await self.send("session.subscribe", events=[
            "log.entryAdded", "browsingContext.downloadWillBegin", "browsingContext.downloadEnd"])

    async def open(self, url=None):
        context = (await self.send("browsingContext.create", type="tab"))["context"]
        page = self.pages[context] = FirefoxPage(self, context)
        if url:
            await page.goto(url)
        return page

    def handle_event(self, method, parameters, _session):
        if method == "browsingContext.downloadWillBegin":
            self.downloads.begun += 1
        elif method == "browsingContext.downloadEnd":
            self.downloads.ends.append("completed" if parameters["status"] == "complete" else "canceled")
        elif method == "log.entryAdded":
            page = self.pages.get(parameters.get("source", {}).get("context"))
            if page:
                page.console.append((parameters.get("level"), parameters.get("text")))

    async def close(self):
        await self.send("browser.close")
