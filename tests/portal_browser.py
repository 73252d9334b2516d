"""The browser's part of tests/portal_browser: ORIGIN SPKI WORK PICTURES SCENARIO"""
import os, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chromium import Chromium, check

origin, spki, work, pictures, scenario = sys.argv[1:]
PASSWORD = "tea kettle on tuesday"
browser = Chromium(spki)


def read(name):
    with open(f"{work}/{name}") as file:
        return file.read()


def sign_in(name):
    browser.go(origin + "/sign-in")
    browser.fill(name=name, password=PASSWORD)
    browser.press("Sign in")


def sign_out():
    browser.press("Sign out")


def paste(name, file=None, **fields):
    browser.go(origin + "/csr/upload")
    browser.fill(csr_data=read(file or f"{name}.csr"), common_name=name, **fields)
    browser.press("Send")


def request():
    """The id of the request whose page this is."""
    return browser.path().split("?")[0].rsplit("/", 1)[1]


def says(text):
    return text in browser.text() or browser.text()


def review(number):
    browser.go(f"{origin}/approvals/{number}")


def automatic():
    sign_in("alice")
    paste("auto.example")
    check("pasted text is signed at once", says("The certificate is issued."))
    browser.look("issued-at-once", pictures)
    browser.go(origin + "/requests")
    check("and is among her requests", says("CN=auto.example"))


def refusals():
    sign_in("alice")
    for title, name, text, fields in [
            ("another common name", "other.example", 'the CSR says "auto.example"', {"file": "auto.example.csr"}),
            ("a weak key", "weak.example", "1024", {}),
            ("a CSR for a CA", "forbidden.example", "basicConstraints", {}),
            ("too long a validity", "auto.example", "max_validity_days", {"validity_days": "3000"})]:
        paste(name, **fields)
        check(f"{title} is refused", says(text))
        check("  above the form", browser.eval("!!document.querySelector('[name=csr_data]')"))
    # What the form does not offer, by one whose form was changed.
    check("the form offers no root", browser.eval("[...document.querySelectorAll('option')].some(o => o.value === 'root')"), False)

    def forged(field, value, title, text):
        browser.go(origin + "/csr/upload")
        browser.fill(csr_data=read("auto.example.csr"), common_name="auto.example")
        browser.eval(f"""{{ const form = document.querySelector('[name=csr_data]').form;
          for (const e of form.querySelectorAll('[name={field}]')) e.remove();
          form.insertAdjacentHTML('beforeend', '<input type=hidden name={field} value={value}>'); 0 }}""")
        browser.press("Send")
        check(f"{title} is refused", says(text))

    forged("ca_id", "root", "a root CA", "is a root CA")
    before = count()
    forged("tenant_id", "globex", "another tenant", "no such")
    forged("ca_id", "none", "a CA that is not there", "no such")
    forged("csrf", "0", "a form without the session's token", "You may not do this")
    check("nothing of it is stored", count(), before)


def count():
    browser.go(origin + "/requests")
    return browser.eval("document.querySelectorAll('a[href^=\"/requests/\"]').length")


def password():
    sign_in("alice")
    paste("password.example", approval_password="correct horse battery")
    check("with the password it is signed at once", says("The certificate is issued."))
    paste("removed.example", approval_password="wrong horse battery")
    check("with a wrong one it waits", says("The request waits for approval."))
    wrong = browser.eval("document.querySelector('main').innerText").split("\n")[0:2]
    browser.fill(reason="a test")
    browser.press("Withdraw")
    check("and is withdrawn", says("Withdrawn"))
    paste("removed.example")
    check("without one it waits with the same words",
          browser.eval("document.querySelector('main').innerText").split("\n")[0:2], wrong)


SHOWN = r"O=\<img src=x onerror=pwned=1\>"  # as RFC 4514 writes it


def harmless(name):
    """With scripts allowed: no text of the CSR became a part of the page."""
    check(f"{name}: nothing ran", browser.eval("typeof pwned"), "undefined")
    check(f"{name}: nothing became an element", browser.eval(
        "document.querySelectorAll('img, svg, script, [onerror], [onload], [onmouseover], a[href^=\"javascript:\" i]').length"), 0)


def officer():
    sign_in("alice")
    paste("denied.example")
    denied = request()
    paste("hostile.example", file="hostile.csr")
    harmless("a refused CSR's form")
    paste("hostile.example", file="taken.csr")
    hostile = request()
    check("a CSR with hostile text in its subject waits", says("The request waits for approval."))
    check("and shows it as text", says(SHOWN))
    harmless("the requester's page")
    browser.go(origin + "/requests")
    harmless("her list")
    sign_out()
    sign_in("bob")
    browser.go(origin + "/approvals")
    check("the officer's queue has it", says("CN=hostile.example"))
    harmless("the queue")
    review(hostile)
    check("the comparison shows it as text", says(SHOWN))
    harmless("the comparison")
    browser.look("hostile", pictures)
    browser.fill(reason="<script>pwned=1</script>")
    browser.press("Deny")
    review(denied)
    # The browser itself insists on the reason; so does the server.
    browser.eval("for (const e of document.querySelectorAll('[name=reason]')) e.required = false; 0")
    browser.press("Deny")
    check("a denial without a reason is refused", says("Say why: the requester reads it."))
    review(denied)
    browser.fill(reason="not one of our names")
    browser.press("Deny")
    check("denied", says("denied"))
    sign_out()
    sign_in("alice")
    browser.go(f"{origin}/requests/{denied}")
    check("the requester reads why", says("not one of our names"))
    browser.go(f"{origin}/requests/{hostile}")
    check("a hostile reason is text", says("<script>pwned=1</script>"))
    harmless("a denied request")
    # The server's policy would have kept scripts from running; that it is there is another line of defence.
    check("pages forbid inline scripts", browser.eval("""new Promise(done => {
      addEventListener('securitypolicyviolation', () => done(true)); setTimeout(() => done(false), 3000);
      const s = document.createElement('script'); s.textContent = 'pwned = 1'; document.body.append(s); })"""))
    check("so that none runs", browser.eval("typeof pwned"), "undefined")
    sign_out()
    sign_in("dave")
    for page in (f"/requests/{denied}", f"/approvals/{denied}", f"/requests/{denied}/certificate.pem"):
        browser.go(origin + page)
        check(f"for another tenant there is no {page.replace(denied, 'ID')}", says("There is no such") if page[1] == "r" else "not one of our names" not in browser.text())


def two():
    sign_in("alice")
    paste("change.example")
    number = request()
    sign_out()
    sign_in("bob")
    review(number)
    approve()
    check("the first of two", says("1 of 2"))
    sign_out()
    sign_in("carol")
    review(number)
    browser.tick("remove", "DNS:www.change.example")
    approve()
    check("what the change would issue is shown first", says("Nothing is approved yet."))
    browser.look("changes", pictures)
    browser.press("Approve with these changes")
    check("a change in between: the first counts no more", says("counts no more"))
    check("it waits", says("waits for approval"))
    sign_out()
    sign_in("bob")
    review(number)
    check("he sees the change", says("left out"))
    approve()
    check("and approves again: it is issued", says("The certificate is issued."))
    check("with what was changed", says("without DNS:www.change.example"))


def approve():
    browser.press("Approve")


def expiry():
    sign_in("alice")
    browser.go(origin + "/csr/upload")
    browser.fill(csr_data=read("late.example.csr"), common_name="late.example")
    open(f"{work}/form-open", "w").close()
    while not os.path.exists(f"{work}/two-days-later"):
        time.sleep(0.1)
    browser.press("Send")
    check("an upload after the session's end leads to sign-in", browser.path().split("?")[0], "/sign-in")
    browser.fill(name="alice", password=PASSWORD)
    browser.press("Sign in")
    browser.go(origin + "/requests")
    check("and was not taken", "late.example" not in browser.text())
    paste("late.example")
    check("signed in again it is", says("The certificate is issued."))


globals()[scenario]()
complaints = [c for c in browser.complaints() if not any(known in c for known in (" 401 ", " 403 ", " 404 ", " 422 ", "favicon", "inline script"))]
check("the browser has nothing to complain about", complaints, [])
browser.close()
