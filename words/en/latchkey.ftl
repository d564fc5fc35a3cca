# Every sentence that people read. One file for each language, with the same keys: a missing key
# fails the build.

## Times

seconds = { $n ->
    [one] a second
   *[other] { $n } seconds
}
minutes = { $n ->
    [one] a minute
   *[other] { $n } minutes
}
hours = { $n ->
    [one] an hour
   *[other] { $n } hours
}
days = { $n ->
    [one] a day
   *[other] { $n } days
}
ago = { $duration } ago
date = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $day }, { $year }, { $time } UTC

## Every page

language = Language
support = Help
terms = Terms
privacy = Privacy
about-the-page = Sign in to { $brand } with a link or a code by e-mail.

## The sign-in page

sign-in = Sign in
sign-in-to = Sign in to { $brand }
promise-link = We e-mail you a link. No password needed.
promise-code = We e-mail you a code. No password needed.
promise-both = We e-mail you a link and a code. No password needed.
address = E-mail address
address-example = you@example.com
password-if-any = Password, if you have set one
send-link = Send magic link
send-code = Send code
sign-in-with-password = Sign in with password
try-again-in = Try again in { $time }
did-you-mean = Did you mean { $address }?
offline = We cannot be reached right now. Check that you are online, and try again.

## Check your inbox

check-your-inbox = Check your inbox
sent-link = We sent a link to
sent-code = We sent a code to
sent-both = We sent a link and a code to
change = Change
open-it-here = Open it in this browser.
type-it-here = Type it here.
open-or-type = Open the link in this browser, or type the code here.
open-webmail = Open { $webmail }
code-from-the-mail = Code from the e-mail
mail-works-for = Valid for another { $time }.
mail-has-expired = This e-mail has expired.
fresh-mail = Send a new e-mail
fresh-mail-in = Send a new e-mail in { $time }
nothing-there = Nothing there? Look in your spam folder, and check the address above.
mail-delayed = The e-mail is delayed: the mail server has not taken it yet. We keep trying, you can wait here.
mail-failed = The e-mail could not be delivered. Check the address above, or try again later.
mail-unsent = The e-mail could not be sent in time. Nothing is wrong with the address: ask for a new one.
no-cookie-title = This browser does not know that sign-in
no-cookie = Either it keeps no cookies of this site, or you asked in another browser. Allow cookies here and ask for a new e-mail, or go on where you asked.
sign-in-over = This sign-in is over
sign-in-over-used = It has been used already.
sign-in-over-superseded = A newer e-mail has taken the place of this one, or you have signed in elsewhere meanwhile.
sign-in-over-cancelled = It was stopped from the e-mail.

## Links that do not sign in

one-more-press = One more step
link-still-works = Your link still works.
open-where-asked = Open the link where you asked for it
link-expired-title = This link has expired
link-used-title = This link was used already
newer-mail-title = There is a newer e-mail
link-invalid-title = This link is not valid
ask-for-fresh-mail = Ask for a new e-mail
sign-in-here-title = Sign in here?
asked-in-another-browser = This link was asked for in another browser. Go on only if that was you.
sign-in-here = Sign in here
fact-address = Address
fact-browser = Asked in
fact-when = When
browser-from = { $browser }, from { $network }

## Not you?

not-you-title = Was this not you?
not-you-explained = Somebody asked for this sign-in with your address. Stop it, and its link and code are dead. Nothing else changes.
not-you-session-explained = Somebody has signed in with your address. Put them out: that session ends at once, links and codes that were asked for are dead, and no browser is known any more. If somebody else reads your e-mail, change the password of your mailbox first.
not-you-password-explained = Somebody who was signed in with your address has set or removed your password. Put them out: that session ends at once, there is no password any more, links and codes that were asked for are dead, and no browser is known any more. If somebody else reads your e-mail, change the password of your mailbox first.
end-all-others = End all my other sessions, too
remove-password-if-any = Remove my password, if there is one
put-them-out = Put them out
stop-it = Stop this sign-in
stopped-title = Stopped
stopped-explained = That sign-in is stopped. If such e-mails keep coming, somebody is typing in your address: nothing is lost, as long as nobody else reads your e-mail.
put-out-title = They are out
put-out-explained = That is over, and no browser counts as known until it signs in again. If somebody else reads your e-mail, they can sign in again: change the password of your mailbox.
too-late-title = It is already over
too-late-explained = That sign-in has ended. If it was not you who signed in, sign in yourself and end all other sessions on the dashboard.

## The dashboard

dashboard = Dashboard
signed-in = You are signed in
signed-in-as = As
signed-in-already = You are signed in as
go-on = Continue
sign-out = Sign out
sign-out-elsewhere = Sign out on other devices
sign-out-everywhere = Sign out everywhere
your-sessions = Your sessions
this-session = this one
in-use-now = in use now
last-used = last used { $ago }
begun = started { $ago }
end-session = End
end-session-in = End the session in { $browser }
recent-activity = Recent activity
recent-attempts = Asked for and refused in the last seven days
activity-times = { $what }, { $n } times
activity-times-at-least = { $what }, at least { $n } times
activity-requested = A sign-in e-mail was asked for
activity-signed-in = Signed in
activity-signed-in-link = Signed in with a link
activity-signed-in-code = Signed in with a code
activity-signed-in-password = Signed in with a password
activity-signed-out = Signed out
activity-disputed = You said that a sign-in was not yours
activity-password-set = The password was set
activity-password-removed = The password was removed
activity-code-wrong = A wrong code was typed
activity-password-wrong = A wrong password was typed
activity-too-many = Codes were tried too often
activity-rate-limited = Too many e-mails were asked for
activity-wrong-browser = A link was opened in another browser
activity-old-link = A link that no longer works was opened
activity-old-code = A code that no longer works was typed
activity-cancelled = A sign-in was stopped
activity-refused = A sign-in was refused
unknown-browser = an unknown browser
browser-on = { $browser } on { $system }
password = Password
new-password = New password
password-kept = You have a password.
no-password = You have no password.
needs-fresh-sign-in = To change that, sign out and in again first.
password-optional = Optional. With one, you can sign in without opening your e-mail. Changing it signs you out on all other devices.
keep-password = Save password
remove-password = Remove the password
delete-account = Delete your account
delete-account-explained = Your sessions end at once, and what is kept of you here is deleted within two days. This cannot be undone.
delete-account-confirm = Delete it for good
deleted-title = Your account is deleted
deleted-explained = You are signed out everywhere. What is left of you here goes within two days, except for log entries in which your address is masked.

## Errors

not-found = Not found
no-such-page = There is no such page
no-such-page-explained = The address may be mistyped, or the page has moved.
to-the-start = Go to the home page
sorry = Sorry
did-not-work = Sorry, that did not work
try-again = Try again

error-invalid-email = That does not look like an e-mail address. Check the spelling.
error-missing-field = Something is missing: { $field }. Fill it in and try again.
error-missing-email = Enter your e-mail address.
error-missing-code = Enter the six digits from the e-mail.
error-missing-password = Enter your password.
error-invalid-request = That cannot be done: { $detail }.
error-link-expired = This link has expired. Ask for a new one, it takes a moment.
error-link-used = This link has already been used. Ask for a new one to sign in again.
error-link-invalid = This link is not valid. It may have been cut off in the e-mail: copy the whole link, or ask for a new one.
error-link-superseded = A newer e-mail has replaced this link. Open the newest e-mail, or ask for a new one.
error-wrong-browser = { $mode ->
    [LINK] Open this link in the browser where you asked for it.
   *[other] Open this link in the browser where you asked for it, or type the code from the e-mail there.
}
error-code-wrong = That code is not right. { $n ->
    [one] One try is left.
   *[other] { $n } tries are left.
}
error-password-wrong = Address and password do not match. Leave the password empty to get an e-mail instead.
error-code-expired = This code can no longer be used. Ask for a new one, it takes a moment.
error-code-superseded = A newer e-mail has replaced this code. Type the code from the newest e-mail.
error-too-many-attempts = { $mode ->
    [OTP] Too many wrong codes. This code is switched off: ask for a new e-mail, it brings a link instead.
   *[other] Too many wrong codes. This code is switched off: open the link in the e-mail, or ask for a new e-mail.
}
error-codes-paused = { $mode ->
    [OTP] Too many wrong codes for this address. Ask for a new e-mail, it brings a link instead, or try a code again in { $duration }.
   *[other] Too many wrong codes for this address. Open the link in the e-mail, or try a code again in { $duration }.
}
error-rate-limited = That was a lot of requests. Try again in { $duration }.
error-unauthenticated = You are not signed in. Sign in and try again.
error-forbidden-origin = This request came from another site, so it was refused. Open the page here and try again.
error-payload-too-large = That is more than this page takes. Send less.
error-unavailable = We cannot do this right now. Nothing is lost: try again in a few seconds.
error-internal = Something went wrong on our side. Try again, and tell us if it keeps happening.

detail-wrong-shape = a field of the form has the wrong format
detail-six-digits = a code has six digits, like 123 456
detail-no-passwords = this server has no passwords; leave it empty to get an e-mail
detail-password-needs-fresh-sign-in = setting a password needs a fresh sign-in: sign out, sign in again, and try once more
detail-password-length = a password has { $shortest } to { $longest } characters, and this one has { $length }
detail-password-known = that password is among the first anyone would try; take a longer or less common one
detail-no-sign-in = there is no sign-in to send again; start with your e-mail address
detail-no-session = there is no such session; it may have ended already
detail-deletion-needs-fresh-sign-in = deleting an account needs a fresh sign-in: sign out, sign in again, and try once more
detail-mapped-account = your account belongs to the site itself, and is deleted there

## Mails

mail-subject-code = { $code } is your code for { $brand }
mail-subject-link = Your link to sign in to { $brand }
mail-subject-sign-up = Your link to sign up for { $brand }
mail-sign-up-title = Finish signing up for { $brand }
mail-open-link = Open this link in the browser you started in
mail-or-type = Or type this code there
mail-type = Type this code where you asked for it
mail-once = It works once, and for { $lifetime }.
mail-preview = Good for { $lifetime }.
mail-asked = Asked for in { $browser }, from { $network }, on { $date }.
mail-not-you = Was this not you? Ignore this e-mail: nobody can sign in without it.
mail-not-you-press = Or stop the sign-in
mail-copy-link = If the button does not work, copy this link
mail-help = Help: { $support }
mail-new-device-title = New sign-in to { $brand }
mail-new-device-explained = Somebody just signed in as { $address }, with { $browser }, from { $network }, on { $date }. It is no browser that we know.
mail-new-device-fine = If that was you, there is nothing to do. If not, put them out: one press, and you are asked whether to end your other sessions and to remove your password, too.
mail-new-device-press = That was not me: put them out
mail-password-set-title = Your password for { $brand } was set
mail-password-removed-title = Your password for { $brand } was removed
mail-password-set-explained = The password of { $address } was just set, with { $browser }, from { $network }, on { $date }.
mail-password-removed-explained = The password of { $address } was just removed, with { $browser }, from { $network }, on { $date }.
mail-password-fine = If that was you, there is nothing to do. If not, put them out: one press removes the password and ends that session, and you are asked whether to end all others, too.
