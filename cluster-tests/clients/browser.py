"""Chromium without a screen, driven through chromedriver's WebDriver protocol."""
import base64
import json
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.request

from cluster import clean_environment, free_port, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's key of an element's id
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
             "--window-size=1200,900", "--no-proxy-server"]


def missing():
    """The programs that are not installed."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


class Browser:
    """One window. Use it in a `with`."""

    def __init__(self, home):
        self.log = pathlib.Path(home) / "chromedriver.log"
        self.url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
        self.session = None
        self.driver = None
        self.profile = pathlib.Path(home) / "profile"

    def __enter__(self):
        port = self.url.rpartition(":")[2]
        with open(self.log, "wb") as log:
            self.driver = subprocess.Popen(
                ["chromedriver", f"--port={port}"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=clean_environment(), start_new_session=True)
        try:
            wait_until(self.ready, 20, "chromedriver listens")
            options = {"args": [*ARGUMENTS, f"--user-data-dir={self.profile}"],
                       "binary": shutil.which("chromium")}
            self.session = self.call("POST", "/session", capabilities={"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "unhandledPromptBehavior": "accept",
            }})["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.session is not None:
                self.call("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait(20)

    def ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, **body):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:500]}") from error

    def command(self, method, path, **body):
        return self.call(method, f"/session/{self.session}{path}", **body)

    def open(self, url):
        self.command("POST", "/url", url=url)

    def address(self):
        return self.command("GET", "/url")

    def find(self, selector):
        """The elements that a CSS selector names."""
        found = self.command("POST", "/elements", using="css selector", value=selector)
        return [element[ELEMENT] for element in found]

    def wait_for(self, selector, seconds=20):
        """The first element that a selector names, once there is one."""
        return wait_until(lambda: self.find(selector), seconds, f"{selector} in the page")[0]

    def click(self, selector):
        self.command("POST", f"/element/{self.wait_for(selector)}/click")

    def type(self, selector, text):
        element = self.wait_for(selector)
        self.command("POST", f"/element/{element}/clear")
        self.command("POST", f"/element/{element}/value", text=text)

    def run(self, script, *arguments):
        """What a function body gives back in the page."""
        return self.command("POST", "/execute/sync", script=script, args=list(arguments))

    def accept(self):
        """Says yes to a question of the page."""
        self.command("POST", "/alert/accept")

    def text(self):
        return self.run("return document.body.innerText")

    def wait_for_text(self, text, seconds=20):
        wait_until(lambda: text in self.text(), seconds, f"{text!r} in the page")

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.command("GET", "/screenshot")))
