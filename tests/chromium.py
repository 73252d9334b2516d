"""A headless Chromium, driven over its debugging pipe: what the browser tests share."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading

BINARY = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)


def check(name, got, expected=True):
    print(f"{'ok   ' if got == expected else 'FAIL '} {name}" + ("" if got == expected else f": {got!r}"), flush=True)


class Chromium:
    def __init__(self, spki_sha256_base64):
        """Trusts, beside the usual, servers with these public keys (with commas between)."""
        self.folder = tempfile.mkdtemp()
        in_read, self.out = os.pipe()
        self.inp, out_write = os.pipe()

        def pipes():  # the browser reads 3 and writes 4
            os.dup2(in_read, 3 + 100), os.dup2(out_write, 4 + 100)
            os.dup2(3 + 100, 3), os.dup2(4 + 100, 4)

        self.process = subprocess.Popen(
            [BINARY, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--disable-dev-shm-usage",
             f"--user-data-dir={self.folder}", f"--ignore-certificate-errors-spki-list={spki_sha256_base64}"],
            preexec_fn=pipes, pass_fds=(3, 4, in_read, out_write), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(in_read), os.close(out_write)
        self.last, self.answers, self.events, self.loads = 0, {}, [], 0
        self.news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(domain + ".enable")

    def _read(self):
        buffer = b""
        while chunk := os.read(self.inp, 65536):
            buffer += chunk
            *messages, buffer = buffer.split(b"\0")
            for message in map(json.loads, messages):
                with self.news:
                    if "id" in message:
                        self.answers[message["id"]] = message
                    else:
                        self.events.append(message)
                        self.loads += message["method"] == "Page.loadEventFired"
                    self.news.notify_all()

    def _wait(self, condition):
        with self.news:
            if not self.news.wait_for(condition, timeout=60):
                raise TimeoutError("the browser does not answer")

    def call(self, method, **parameters):
        self.last += 1
        number, message = self.last, {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        self._wait(lambda: number in self.answers)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _and_load(self, action):
        before = self.loads
        action()
        self._wait(lambda: self.loads > before)

    def go(self, url):
        self._and_load(lambda: self.call("Page.navigate", url=url))

    def eval(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def fill(self, **fields):
        for name, value in fields.items():
            self.eval(f"document.querySelector('[name={name}]').value = {json.dumps(value)}; 0")

    def choose_file(self, name, path):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"[name={name}]")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[path])

    def tick(self, name, value):
        self.eval(f"document.querySelector('[name={name}][value=' + CSS.escape({json.dumps(value)}) + ']').click(); 0")

    def press(self, text):
        """The button that says this; then the next page is there."""
        self._and_load(lambda: self.eval(
            f"[...document.querySelectorAll('button')].find(b => b.textContent === {json.dumps(text)}).click(); 0"))

    def path(self):
        return self.eval("location.pathname + location.search")

    def text(self):
        return self.eval("document.body.innerText")

    def view(self, width, height=900, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file):
        with open(file, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def choose(self, name, file):
        """Puts a file into a field of the form."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"[name={name}]")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[file])

    def look(self, name, pictures):
        """A page as it looks on a telephone and on a desk, by day and by night."""
        for scheme in ("light", "dark"):
            for width in (360, 1200):
                self.view(width, scheme=scheme)
                self.picture(f"{pictures}/{name}-{scheme}-{width}.png")
                check(f"{name}: {width} wide is enough", self.eval("document.documentElement.scrollWidth") <= width)
            ratio, text = self.eval(LEAST_CONTRAST)
            check(f"{name}: contrast when it is {scheme}", (ratio >= 4.5) or (ratio, text))
        check(f"{name}: every field has a name", self.eval(NAMELESS), [])
        check(f"{name}: one heading, a language, a title",
              self.eval("[document.querySelectorAll('h1').length, document.documentElement.lang, document.title.length > 5]"),
              [1, "en", True])

    def complaints(self):
        """What the browser logged about the pages: refused by policy, not found, ..."""
        return [e["params"]["entry"]["text"] for e in self.events if e["method"] == "Log.entryAdded"]

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


# Every visible text against what is behind it: the least contrast (WCAG 2.2, 1.4.3), and where.
LEAST_CONTRAST = """(() => {
  const numbers = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = numbers(c).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
                       return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                        const n = numbers(c); if (n.length < 4 || n[3] > 0) return c; } return 'rgb(255,255,255)'; };
  let least = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < least[0]) least = [ratio, walk.currentNode.textContent.trim().slice(0, 40)];
  }
  return least;
})()"""

# Fields and buttons that have no name for those who do not see them.
NAMELESS = """[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')]
  .filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label')).map(e => e.outerHTML)"""
