"""Chromium over the Chrome DevTools Protocol. See browser.py for how to use it."""

import asyncio
import base64
import json
import os
import re

from browser import Browser, BrowserError, Page


class ChromiumPage(Page):
    def __init__(self, browser, target, session):
        super().__init__()
        self.browser, self.target, self.session = browser, target, session

    def send(self, method, **parameters):
        return self.browser.send(method, {"sessionId": self.session}, **parameters)

    async def goto(self, url):
        result = await self.send("Page.navigate", url=url)
        if result.get("errorText"):
            raise BrowserError(result["errorText"])
        await self.loaded()

    async def loaded(self):
        await self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def reload(self):
        await self.evaluate("window.beforeReload = true")
        await self.send("Page.reload")
        await self.wait_for("!window.beforeReload && document.readyState === 'complete'")

    async def evaluate(self, expression, timeout=60):
        for attempt in range(50):
            try:
                result = await asyncio.wait_for(
                    self.send("Runtime.evaluate", expression=f"(async () => JSON.stringify(await ({expression})))()",
                              awaitPromise=True, returnByValue=True, userGesture=True), timeout)
                break
            except BrowserError as error:
                # The page is between two documents.
                if "context" not in str(error) and "navigated" not in str(error) or attempt == 49:
                    raise
                await asyncio.sleep(0.1)
        if details := result.get("exceptionDetails"):
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        value = result["result"].get("value")
        return None if value is None else json.loads(value)

    async def set_files(self, selector, *paths):
        found = await self.send("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        await self.send("DOM.setFileInputFiles", files=[os.path.abspath(path) for path in paths],
                        objectId=found["result"]["objectId"])

    async def click(self, selector):
        x, y = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def before_scripts(self, script):
        """Runs the script in each document that this tab opens from now on, before those of the page."""
        await self.send("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def press(self, key, code):
        """One key, as a person would press it: `press("Tab", 9)`, `press("Enter", 13)`."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    async def type(self, text):
        """Into the field that has the keyboard, a character at a time."""
        for character in text:
            await self.send("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
            await self.send("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def resize(self, width, height):
        await self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    async def prefer(self, scheme):
        """`light` or `dark`."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def screenshot(self, path):
        result = await self.send("Page.captureScreenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))

    async def close(self):
        await self.browser.send("Target.closeTarget", targetId=self.target)


class Chromium(Browser):
    name = "chromium"
    binary = "/usr/bin/chromium"
    address_pattern = re.compile(r"DevTools listening on (ws://\S+)")

    def environment(self):
        return {}

    def arguments(self):
        disabled = ["WebRtcHideLocalIpsWithMdns"] if self.real_addresses else []
        return [
            # The tests run as root, in containers whose /dev/shm is small.
            "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--headless=new", "--remote-debugging-port=0",
            f"--user-data-dir={self.directory}/profile", "--no-first-run", "--no-default-browser-check",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            # Tabs of a test are never in front, and must run at full speed all the same.
            "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding", "--password-store=basic", "--mute-audio",
            *([f"--disable-features={','.join(disabled)}"] if disabled else []), "about:blank",
        ]

    async def prepare(self):
        self.version = (await self.send("Browser.getVersion"))["product"]
        await self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads.folder),
                        eventsEnabled=True)

    async def open(self, url=None):
        target = (await self.send("Target.createTarget", url="about:blank"))["targetId"]
        session = (await self.send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = self.pages[session] = ChromiumPage(self, target, session)
        await page.send("Runtime.enable")
        await page.send("Log.enable")
        await page.send("Page.enable")
        if url:
            await page.goto(url)
        return page

    def handle_event(self, method, parameters, session):
        page = self.pages.get(session)
        if method == "Browser.downloadWillBegin":
            self.downloads.begun += 1
        elif method == "Browser.downloadProgress":
            if parameters["state"] in ("completed", "canceled"):
                self.downloads.ends.append(parameters["state"])
        elif page and method == "Runtime.consoleAPICalled":
            words = [str(value.get("value", value.get("description"))) for value in parameters["args"]]
            page.console.append((parameters["type"], " ".join(words)))
        elif page and method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            page.console.append(("error", details.get("exception", {}).get("description", details["text"])))
        elif page and method == "Log.entryAdded":
            page.console.append((parameters["entry"]["level"], parameters["entry"]["text"]))
        elif page and method == "Page.javascriptDialogOpening":
            # "Leave this page?" while something is being transferred: yes.
            asyncio.create_task(page.send("Page.handleJavaScriptDialog", accept=True))

    async def close(self):
        await self.send("Browser.close")
