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
just-now = just now
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
about-the-page = Sign in to { $brand } with a link or a code by email.

## The sign-in page

sign-in = Sign in
sign-in-to = Sign in to { $brand }
promise-link = We email you a magic link: open it, and you are signed in. No password needed.
promise-code = We email you a six-digit code: type it here, and you are signed in. No password needed.
promise-both = We email you a magic link: open it, and you are signed in. Or type the code from the same email. No password needed.
address = Email address
address-example = you@example.com
password-if-any = Password, if you have set one
send-link = Send magic link
send-code = Send code
sign-in-with-password = Sign in with password
try-again-in = Try again in { $time }
sending = Sending…
sent = Sent
did-you-mean = Did you mean { $address }?
offline = We cannot be reached right now. Check that you are online, and try again.

## Check your inbox

check-your-inbox = Check your inbox
sent-link = Open the link that we emailed you, in this browser.
sent-code = Type the six digits that we emailed you.
sent-both = Open the link that we emailed you in this browser, or type the code from the same email.
sent-to = To
change = Change
open-webmail = Open { $webmail }
code-from-the-mail = Code from the email
checking = Checking…
welcome = Signed in
mail-works-for = Expires in { $time }
mail-has-expired = This email has expired. Send a new one.
fresh-mail = Send a new email
fresh-mail-in = You can send a new email in { $time }
nothing-there = No email? Look in your spam folder, and check the address.
match-number-here = If you open the link on another device, type this number there:
mail-sent = Sent: the mail system has taken the email.
mail-delayed = The email is delayed: the mail system asks us to come back later. We keep trying, you can wait here.
mail-delayed-by-us = The email is delayed: our mail service does not take it. Nothing is wrong with the address. We keep trying, you can wait here.
mail-delayed-unsure = The email may be delayed: the mail system has not confirmed it. If nothing comes, send a new email.
mail-delayed-on-the-way = The email has not arrived yet: “{ $said }”. You can wait here, or use another address.
mail-returned = The email came back: “{ $said }”. Check the address above, or use another one.
mail-suppressed = Our last emails to this address came back: “{ $said }”. Check the address above, or use another one. If it is right, send the email all the same.
mail-complained = We send no emails to this address at the moment: an earlier one was marked as spam there. If you want one all the same, send it.
mail-said-nothing = no reason given
send-all-the-same = Send it all the same
mail-failed = The email could not be delivered. Check the address above, or try again later.
mail-unsent = The email could not be sent. Nothing is wrong with the address: ask for a new one.
no-cookie-title = No sign-in is waiting here
no-cookie = You have signed out since, or you asked for the email in another browser. If you asked here just now, this browser keeps no cookies of this site: allow them, and ask for a new email.
sign-in-over = This sign-in is over
sign-in-over-used = It has been used already.
sign-in-over-superseded = A newer email has taken the place of this one, or you have signed in elsewhere meanwhile.
sign-in-over-cancelled = It was stopped from the email, or a wrong number was typed there.

## Links that do not sign in

one-more-press = One more step
link-still-works = Your link still works.
different-browser-title = This is a different browser
different-browser = This sign-in was started in another browser. Mail apps often open links in one of their own.
back-to-that-window = { $mode ->
    [LINK] Go back to that window: it is waiting. Copy the link from the email, and open it there.
   *[other] Go back to that window: it is waiting. Type the code from the email there, or copy the link and open it there.
}
sign-in-on-this-device = Sign in on this device instead
sign-in-on-this-device-explained = We send another email for this browser. The first one goes on working over there.
link-expired-title = This link has expired
link-expired = Ask for a new one, it takes a moment.
link-used-title = This link was used already
link-used = Ask for a new one to sign in again.
newer-mail-title = There is a newer email
newer-mail = It has replaced this link. Open the newest email, or ask for a new one.
link-invalid-title = This link is not valid
link-invalid = It may have been cut off in the email: copy the whole link, or ask for a new one.
ask-for-fresh-mail = Ask for a new email
sign-in-here-title = Sign in here?
asked-in-another-browser = This link was asked for in another browser. Go on only if that was you.
sent-by-operator = The people of { $brand } sent you this link. Go on only if you asked them for help.
sign-in-here = Sign in here
match-explained = The window where you started this sign-in shows a number of two digits. Type it here, and that window is signed in. Do it only if you see that window now: nobody else has a reason to tell you a number.
match-number = Number in the other window
match-press = Finish in the other window
match-stop = I see no such window: stop
matched-title = Go back to the other window
matched-explained = It is signed in within seconds. You can close this page.
fact-address = Address
fact-browser = Started in
fact-when = When
browser-from = { $browser }, { $place }
ip = IP { $network }
app = App { $app }

## Invitations

new-invited = New here? You need an invitation.
new-invited-code = I have a code
new-waitlist = New here? Enter your address, and we put you on the waiting list.
invitation-title = You are invited to { $brand }
invitation-explained = Accept only if you expected this: it signs this browser in with the address above. The invitation is open for { $duration }.
invitation-accept = Accept and sign in
invitation-code-title = Accept an invitation
invitation-code-explained = Enter the address that was invited, and the code from the email.
invitation-over-title = This invitation is over
invitation-expired = It has expired. Ask whoever invited you for a new one.
invitation-withdrawn = It was withdrawn. If that is a mistake, ask whoever invited you.
invitation-accepted-title = This invitation was accepted
invitation-accepted = It works once. Sign in with your address: you get another email.
invitation-superseded = A newer invitation has replaced this one. Open the newest email.
invitation-link-invalid = It may have been cut off in the email: copy the whole link, or ask whoever invited you for a new one.
fact-invited-by = Invited by

## Not you?

not-you-title = Was this not you?
not-you-explained = Somebody asked for this sign-in with your address. Stopping it makes its link and code useless. Nothing else changes. If it was you, close this page.
not-you-session-explained = Somebody signed in with your address. Signing them out ends that session at once, makes every link and code that was asked for useless, and forgets all known browsers. If somebody else reads your email, change the password of your mailbox first.
not-you-password-explained = Somebody who was signed in with your address set or removed your password. Signing them out ends that session at once, removes the password, makes every link and code that was asked for useless, and forgets all known browsers. If somebody else reads your email, change the password of your mailbox first.
end-all-others = Sign out all my other devices, too
remove-password-if-any = Remove my password, if there is one
put-them-out = Sign them out
stop-it = Stop this sign-in
stopped-title = Stopped
stopped-explained = That sign-in is stopped. If such emails keep coming, somebody is typing in your address: nothing is lost, as long as nobody else reads your email.
put-out-title = They are signed out
put-out-explained = Every browser counts as new again. If somebody else reads your email, they can sign in again: change the password of your mailbox.
too-late-title = It is already over
too-late-explained = That sign-in has ended. If it was not you, sign in yourself and sign out all other devices on your account page.

## The dashboard

dashboard = Your account
signed-in-already = You are signed in as
go-on = Continue
sign-out = Sign out
signed-out = You have signed out.
sign-out-elsewhere = Sign out other devices
sign-out-everywhere = Sign out everywhere
your-devices = Your devices
this-device = This device
your-apps = Apps with access
end-app = Remove
end-app-of = Remove the access of { $app }
app-since = last signed in { $ago }
in-use-now = active now
last-used = last active { $ago }
begun = signed in { $ago }
end-session-in = Sign out { $browser }
recent-activity = Recent activity
recent-attempts = Requests and failed attempts, last seven days
activity-times = { $what }, { $n } times
activity-times-at-least = { $what }, at least { $n } times
activity-requested = Sign-in email requested
activity-signed-in = Signed in
activity-signed-in-link = Signed in with a link
activity-signed-in-code = Signed in with a code
activity-signed-in-password = Signed in with a password
activity-signed-in-match = Signed in with a link opened elsewhere
activity-signed-out = Signed out
activity-disputed = You reported a sign-in that was not yours
activity-password-set = Password set
activity-password-removed = Password removed
activity-code-wrong = Wrong code typed
activity-password-wrong = Wrong password typed
activity-number-wrong = Wrong number typed
activity-too-many = Codes tried too often
activity-rate-limited = Too many emails requested
activity-wrong-browser = Link opened in another browser
activity-old-link = Old link opened
activity-old-code = Old code typed
activity-cancelled = Sign-in stopped
activity-approved = Sign-in in another window approved
activity-refused = Sign-in refused
unknown-browser = an unknown browser
browser-on = { $browser } on { $system }
password = Password
new-password = New password
password-kept = You have a password.
no-password = You have no password.
needs-fresh-sign-in = To change that, sign out and in again first.
password-optional = Optional. With one, you can sign in without opening your email. Changing it signs you out on all other devices.
keep-password = Save password
remove-password = Remove the password
danger = Leaving
delete-account = Delete your account
delete-account-explained = Your sessions end at once, and what is kept of you here is deleted within two days. This cannot be undone.
delete-account-confirm = Delete it for good
deleted-title = Your account is deleted
deleted-explained = You are signed out everywhere. Your remaining data is deleted within two days, except for log entries in which your address is masked.
consent-title = Sign in to { $app }?
consent-explained = { $app } is asking for the following:
consent-email = Your email address
consent-profile = The name of your account, which is your email address
consent-offline = To stay signed in while you are away
consent-allow = Allow
consent-deny = Do not allow
device-title = Sign in on a device
device-explained = Type the code that the device shows.
device-code = Code on the device
device-confirm-title = Sign in to { $app } on your device?
device-warning = Go on only if you started this on a device of yours, just now, and it shows this code. Anybody who sent you the code wants to get into your account.
device-allowed = You can go back to your device
device-allowed-explained = It is signed in within seconds. You can close this page.
device-denied = The device is not signed in
device-denied-explained = It was told so. You can close this page.
leave-title = Sign out of { $brand }?
leave-app = { $app } asks for it.
leave-stay = Stay signed in
host-refused-title = No access to { $host }
host-refused-explained = Whoever runs { $host } has not given access to this address.
host-refused-other = Use another address
host-again-title = You are not signed in to { $host } yet
host-again-explained = The sign-in took too long, began in another browser, or your browser keeps no cookies for { $host }.
host-again = Try again

## The desk

desk = Desk
desk-account = Your account
desk-stale = You signed in more than 15 minutes ago: you can look, and changes need a fresh sign-in.
desk-test-people = Test people sign in with a fixed code and without an email: { $people }. Remove them from [[test_people]] as soon as nobody needs them.
desk-sign-in-again = Sign in again
desk-reason = Reason
desk-reason-kept = Stays in the audit log.
desk-operators = Operators
desk-operators-explained = They are named in the policy file, under [desk], or added by latchkey desk invite. Nobody becomes an operator here.
desk-address = Address
desk-role = Role
desk-named-by = Named by
desk-by-file = policy file
desk-by-command = latchkey desk invite
desk-by-apps = its entry in the policy file, under [[apps]]
desk-you = you
desk-role-look = look: sees numbers and people
desk-role-help = help: acts for people, too
desk-role-steer = steer: changes the policy, too
desk-audit = Audit
audit-event = Event
audit-all-events = All events
audit-by = Operator
audit-by-anybody = Everybody, at the desk or not
audit-by-operators = All operators
audit-person = Person
audit-since = From
audit-until = Before
audit-times = Times are in UTC: 2026-01-31, 2026-01-31T12:00:00Z, or ago, as 30m, 12h, 7d.
audit-show = Show
audit-none = There is no such event.
audit-pages = Pages of events
audit-newest = Newest events
audit-newer = Newer events
audit-older = Older events
audit-export = Export what the filter shows, all of it:
audit-at = Time (UTC)
audit-where = Browser and network
audit-request = Request
people = People
people-question = Address, user id or request id
people-explained = The whole address, the beginning of one (ada, ada@ex) or of its domain (@exam), a user id, or the request id that an error page shows. Beginnings are found at once among a million people; nobody is found by the middle of an address.
people-explained-mapped = The whole address, the id of a user who has signed in, or the request id that an error page shows. The users are those of your own table, in which only whole addresses are looked up.
people-find = Find
people-nobody = Nobody was found. Check the spelling, or type the whole address.
people-more = More
people-request = What happened in this request
people-address-gone = Its address is kept no more: ask the person for it, and find them by it.
person = Person
person-id = User id
person-since = User since
person-since-date = { $date }, { $ago }
person-mapped = a user of your own table
person-no-user = no user: nobody has signed in with this address
person-last-sign-in = Last sign-in
person-never = none that is still kept
person-test = test person
person-operator = operator: { $role }
person-disabled = disabled
person-ban = Disabled
person-disabled-since = since { $when }: gets no email and cannot sign in
person-held-back = Emails held back
person-held-back-until = until { $until }, because one came back: “{ $said }”
person-complained = until that is lifted, because one was marked as spam
person-mails = Emails
person-mails-left = { $n } more in this hour, for browsers that are new to the address
person-no-mail-until = none before { $until }, for browsers that are new to the address
person-waiting = Waiting
person-waiting-mails = { $n ->
    [one] an email waits to be sent, after { $attempts } attempts
   *[other] { $n } emails wait to be sent, one after { $attempts } attempts
}
person-codes = Codes
person-codes-work = not paused
person-codes-paused = paused until { $until } for browsers that are new to the address; links work
person-codes-paused-for = paused until { $until } for { $network }; links work
person-devices = Signed in
person-no-sessions = Nowhere.
person-acts = Act for this person
timeline = What happened
timeline-empty = Nothing is kept of this.
timeline-by = by { $name }
timeline-asked-for = { $mode ->
    [LINK] Sign-in email with a link asked for, good for { $lifetime }
    [OTP] Sign-in email with a code asked for, good for { $lifetime }
   *[other] Sign-in email with link and code asked for, good for { $lifetime }
}
timeline-policy-then = Policy then: { $keys }
timeline-policy-key = { $key } { $then } (now { $now })
timeline-policy-unknown = Policy then: not known any more
timeline-not-admitted = Refused: the link or code was right, and the address may not sign in
timeline-test-person = Signed in with the fixed code of a test person
timeline-verified = Address proved to an app
timeline-mail-sent = Email accepted by the mail system
timeline-mail-delayed = Email delayed
timeline-mail-of-test-person = Email not sent: a test person gets none
timeline-mail-withheld = Email not sent: the address may not sign in
timeline-mail-failed = Email not delivered
timeline-mail-returned = Email came back
timeline-mail-complaint = Email marked as spam
timeline-suppression-lifted = Emails are sent again
timeline-user-added = User added
timeline-user-deleted = User deleted
timeline-user-disabled = User disabled
timeline-user-enabled = User enabled
timeline-codes-paused = Codes and passwords paused
timeline-opened = Opened at the desk
timeline-desk-mail = Sign-in email sent from the desk
timeline-link-opened = Link opened, without signing in, by what may be another browser or a scanner
timeline-invited = Invited
timeline-invitation-resent = Invited again
timeline-invitation-withdrawn = Invitation withdrawn
timeline-invitation-accepted = Invitation accepted
timeline-waitlist = On the waitlist
timeline-waitlist-removed = Taken off the waitlist
timeline-operator-added = Became an operator of the desk
timeline-operator-removed = Is no operator of the desk any more
timeline-operator-refused = Tried the desk, and was refused
diagnosis-disabled = Disabled since { $when }: no email is sent, and no sign-in succeeds.
diagnosis-nothing = No email was asked for in the last { $days } days.
diagnosis-signed-in = The last try succeeded, on { $when }.
diagnosis-cancelled = The last sign-in was stopped from the email, on { $when }.
diagnosis-paused = Codes are paused until { $until }: the link in the email works.
diagnosis-not-admitted = The last try was refused on { $when }: the address may not sign in.
diagnosis-refused = The last try was refused on { $when }: { $what }.
diagnosis-returned = The email of { $mail } came back: “{ $said }”.
diagnosis-complaint = The email of { $mail } was marked as spam, so that no more are sent.
diagnosis-delayed = The email of { $mail } is delayed: “{ $said }”.
diagnosis-withheld = The email of { $mail } was not sent: the address may not sign in.
diagnosis-test = The email of { $mail } was not sent: a test person signs in with a fixed code.
diagnosis-held-back = The email of { $mail } was held back, because earlier ones came back: “{ $said }”.
diagnosis-failed = The email of { $mail } was not delivered: “{ $said }”.
diagnosis-unused = The email of { $mail } was accepted by the mail system, and its link and code were not used.
diagnosis-waits = The email of { $mail } waits to be sent.
timeline-exported = An operator exported these events
ticket = Copy as text for a ticket
ticket-explained = Without the whole address, and without any secret
ticket-copy = Copy
ticket-who = Person { $address }, user id { $id }
act-send-mail = Send a sign-in email
act-send-mail-explained = It has a link that opens in any browser, where the person confirms the sign-in. You get neither link nor session.
act-end-sessions = End all sessions
act-end-sessions-explained = They are signed out everywhere, and each browser counts as new again.
act-pause-codes = Pause codes for an hour
act-pause-codes-explained = No code or password works in browsers that are new to the address. Links work, and so do codes in browsers that have signed in to it before.
act-lift = Send emails again
act-lift-explained = Lifts what holds emails back here and on the providers' own lists.
act-disable = Disable
act-disable-explained = Sessions end, no emails are sent, and nobody signs in or up with this address.
act-enable = Enable
act-enable-explained = Lifts the ban. Sessions that ended stay ended.
act-delete = Delete
act-delete-explained = Deletes the user, sessions, access of apps, pending sign-ins and emails at once; what is left of them within two days. Kept are a ban of the address, what holds emails back, and the events of the audit log with the address masked, until they are too old. This cannot be undone.
done-send-mail = The email is on its way.
done-end-sessions = All sessions have ended.
done-pause-codes = Codes are paused for an hour.
done-lift = Emails are sent again.
done-disable = The person is disabled.
done-enable = The person may sign in again.
done-delete = The user is deleted.
done-remove = The person waits no more.
desk-now = Now
desk-now-range = Time
desk-now-day = 24 hours
desk-now-week = 7 days
desk-now-month = 30 days
desk-now-explained = Counted from the audit log, a few seconds after it happened. Hours and days are UTC.
desk-acts = What you can do
desk-acts-explained = Each opens the page of the policy with the change filled in. Nothing changes before you apply it there.
desk-pause-sign-up = Pause sign-up
desk-open-sign-up = Open sign-up again
desk-attack = Attack mode
desk-calm = End attack mode
desk-block = Block sign-up
desk-blocked = sign-up is blocked
desk-funnel = From asking to signed in
desk-funnel-told = { $asked } emails were asked for, { $sent } were sent, { $opened } were opened, and { $signedin } of them signed somebody in.
desk-step = Step
desk-number = Number
desk-share = Of those asked for
desk-asked = Asked for
desk-sent = Sent
desk-opened = Opened
desk-signed-in = Signed in
desk-course = Over time
desk-course-told = Wide columns: emails asked for. Narrow ones in front: sign-ins. The latest is last.
desk-course-numbers = The numbers
desk-time = Begins at
desk-took = Time it takes
desk-to-session = From asking to signed in
desk-to-mail-server = From asking until a mail server has the email
desk-median = Median
desk-p95 = 95 of 100 within
desk-by-domain = By recipient domain
desk-domain = Domain
desk-others = All others
desk-returned = Came back
desk-complaints = Called spam
desk-by-method = By method
desk-method = Method
desk-method-link = Link
desk-method-code = Code
desk-method-match = Number
desk-method-password = Password
desk-method-test-person = Test person
desk-by-app = By app
desk-app = App
desk-own-pages = the sign-in page
desk-refusals = Refused
desk-refused-because = Reason
desk-mail = Email
desk-queue = { $n ->
    [one] One email waits to be sent. It was asked for { $ago }.
   *[other] { $n } emails wait to be sent. The oldest was asked for { $ago }.
}
desk-queue-empty = No email waits to be sent.
desk-retry = Try again now
desk-retry-explained = Every email that waits is sent as soon as a transport takes it, instead of after its own wait.
desk-retried = { $n ->
    [one] One email is tried again.
   *[other] { $n } emails are tried again.
}
desk-transport = Transport
desk-health = As this instance knows it
desk-well = takes emails
desk-refuses-us = does not take emails; tried again in { $duration }
desk-pass-over = Pass over
desk-use-again = Use again
desk-passed-over = gets no new emails
desk-of-sent = { $share } of the emails sent ({ $n })
desk-above-line = above the line
desk-complaint-line = Gmail and Yahoo hold back the emails of senders with { $line } or more called spam.
desk-nothing-yet = Nothing in this time.
desk-invitations = Invitations
desk-invitation = Invitation
desk-all-invitations = All invitations
desk-no-invitations = Nobody has been invited.
desk-invite = Invite somebody
desk-invite-press = Invite
desk-note = Words for the email, if you like
desk-language = Language
desk-state = State
desk-invited = Invited
desk-open-until = Open until
desk-mails = Emails
desk-newest-mail = Newest email
desk-older = Older ones
desk-later = Later ones
desk-invitation-open = open
desk-invitation-accepted = accepted
desk-invitation-withdrawn = withdrawn
desk-invitation-expired = expired
desk-invited-before = This address was invited before, so nothing was sent.
desk-resend = Send the invitation again
desk-withdraw = Withdraw the invitation
desk-mail-sent = sent
desk-mail-queued = waiting to be sent
desk-mail-returned = came back
desk-mail-suppressed = held back, earlier emails came back
desk-mail-failed = not sent
desk-mail-gone = no longer known
desk-waitlist = Waiting list
desk-waitlist-explained = These people asked to sign in while new ones were put on the waiting list. Letting somebody in sends them an invitation.
desk-whole-waitlist = The whole waiting list
desk-nobody-waits = Nobody is waiting.
desk-waits = On the waiting list
desk-first-asked = First asked
desk-last-asked = Last asked
desk-times = Times asked
desk-let-in = Let them in
desk-remove = Take them off the list
desk-remove-explained = They are told nothing, see no difference, and may ask again.
desk-steer = Policy
desk-steer-explained = The policy file is the base. What is set here is laid over it, on every instance, until it is taken back.
desk-steer-closed = The policy file lets nobody change anything here (desk.may_steer).
desk-steer-groups = Groups of keys
desk-steer-edited = These values are not in force yet: give a reason and apply them.
desk-steer-language = Language of the preview
desk-steer-look = Preview
desk-steer-apply = Apply
desk-steer-default = Default
desk-steer-file = Policy file
desk-steer-file-line = Policy file, line { $line }
desk-steer-variable = Fixed by the variable { $name }
desk-steer-override = Set by { $operator }, { $date }: { $reason }
desk-steer-page = Sign-in page
desk-steer-mail = Email
desk-steer-subject = Subject: { $subject }
desk-steer-light = Light
desk-steer-dark = Dark
desk-steer-left-out = These overrides are not in force. Take them back, or make them possible again.
desk-steer-overrides = Overrides
desk-steer-none = There are none.
desk-steer-key = Key
desk-steer-in-file = Without it
desk-steer-laid = With it
desk-steer-take-back = Take back
desk-steer-download = Download as TOML for the policy file
desk-steer-changes = Changes
desk-steer-when = When
desk-steer-old = Before
desk-steer-new = After
desk-steer-how = How
desk-steer-was-set = Set by { $operator }
desk-steer-was-taken-back = Taken back by { $operator }
desk-steer-unset = not set
desk-steer-older = Older changes
desk-steer-nothing = Nothing would change.

## Errors

not-found = Not found
no-such-page = There is no such page
no-such-page-explained = The address may be mistyped, or the page has moved.
to-the-start = Go to the home page
sorry = Sorry
did-not-work = Sorry, that did not work
try-again = Try again

error-invalid-email = Check the spelling of that email address.
error-missing-reason = Give a reason: it stays in the audit log.
error-missing-field = Something is missing: { $field }. Fill it in and try again.
error-missing-email = Enter your email address.
error-missing-code = Enter the six digits from the email.
error-missing-password = Enter your password.
error-missing-number = Type the number that the other window shows.
error-invalid-request = { $detail }
error-link-expired = This link has expired. Ask for a new one, it takes a moment.
error-link-used = This link has already been used. Ask for a new one to sign in again.
error-link-invalid = This link is not valid. It may have been cut off in the email: copy the whole link, or ask for a new one.
error-link-superseded = A newer email has replaced this link. Open the newest email, or ask for a new one.
error-wrong-browser = { $mode ->
    [LINK] Open this link in the browser where you asked for it.
   *[other] Open this link in the browser where you asked for it, or type the code from the email there.
}
error-code-wrong = That code is not right. { $n ->
    [one] One try is left.
   *[other] { $n } tries are left.
}
error-password-wrong = Address and password do not match. Leave the password empty to get an email instead.
error-number-wrong = Ask for a new email in the other window: that was not the number it shows, so this sign-in is stopped.
error-code-expired = This code can no longer be used. Ask for a new one, it takes a moment.
error-code-superseded = A newer email has replaced this code. Type the code from the newest email.
error-invitation-over = This invitation has expired or was withdrawn. Ask whoever invited you for a new one.
error-invitation-wrong = No open invitation has this address and code. Check both, or open the link in the email.
error-too-many-attempts = { $instead ->
    [next-link] Too many wrong codes. This code is switched off: ask for a new email, it brings a link instead.
    [nothing] Too many wrong codes. This code is switched off: ask for a new email.
   *[other] Too many wrong codes. This code is switched off: open the link in the email, or ask for a new email.
}
error-codes-paused = { $instead ->
    [next-link] Too many wrong codes for this address. Ask for a new email, it brings a link instead, or try a code again in { $duration }.
    [nothing] Too many wrong codes for this address. Try a code again in { $duration }.
   *[other] Too many wrong codes for this address. Open the link in the email, or try a code again in { $duration }.
}
error-rate-limited = That was a lot of requests. Try again in { $duration }.
error-unauthenticated = You are not signed in. Sign in and try again.
error-app-needed = Send the access token of an app, with the header Authorization: Bearer. POST /oauth/token gives one for grant_type=client_credentials.
error-request-unknown = This sign-in was not found. Ask for a new email.
error-forbidden-origin = This request came from another site, so it was refused. Open the page here and try again.
error-forbidden = Your role does not allow this. Ask somebody with a higher role at the desk.
error-fresh-sign-in-needed = Sign in again to do this: at the desk, changes need a sign-in of the last 15 minutes.
error-not-found = There is nothing here under that name. It may be gone: check it and try again.
error-payload-too-large = That is more than this page takes. Send less.
error-unavailable = We cannot do this right now. Nothing is lost: try again in a few seconds.
error-internal = Something went wrong on our side. Try again, and tell us if it keeps happening.

detail-wrong-shape = A field of the form has the wrong format.
detail-six-digits = Codes have six digits.
detail-two-digits = The number has two digits.
detail-no-passwords = This site has no passwords. Leave the password empty to get an email.
detail-password-needs-fresh-sign-in = Setting a password needs a fresh sign-in: sign out, sign in again, and try once more.
detail-password-length = Take a password of { $shortest } to { $longest } characters: this one has { $length }.
detail-password-known = Take a longer or less common password: this one is among the first that anyone would try.
detail-no-sign-in = Start with your email address: no sign-in is waiting here.
detail-no-session = There is no such session. It may have ended already.
detail-not-yourself = Ask another operator: nobody does this to their own account.
detail-no-sessions = There is no session to end.
detail-desk-mail-needs-links = Emails carry only codes here (auth.mode), and nobody waits for one in a browser: ask the person to start at the sign-in page.
detail-desk-mail-to-nobody = Enable or invite this person first: this address gets no sign-in email, because it may not sign in or is a test person's.
detail-desk-mail-held-back = Lift what holds emails back first: earlier ones to this address came back.
detail-provider-list = Try again: emails are no longer held back here, and the list of a provider is unchanged ({ $lists }).
detail-not-held-back = Nothing held back emails to this address.
detail-deletion-needs-fresh-sign-in = Deleting an account needs a fresh sign-in: sign out, sign in again, and try once more.
detail-mapped-account = Your account belongs to the site itself, and is deleted there.
detail-mapped-users = [users] maps a table of your own, which Latchkey never writes: add, list and delete users there.
detail-no-user = There is no user of that address.
detail-not-kept-out = There is no user of that address who is kept out.
detail-no-app-request = Go back to the app and start again there: this browser did not begin that sign-in, or it took too long.
detail-device-code = The code has eight letters, like WDJB-MJHT.
detail-no-device = Compare the code with the one on your device. If they are the same, it has expired: start again there.
detail-not-admitted = Your account may not sign in to { $app }. Ask whoever runs it.
detail-no-password-for-test-people = Test people have no password: their code is in the policy.
detail-reason-too-long = Take a reason of at most { $n } characters.
detail-waits-no-more = They wait no more: somebody has let them in or removed them, or they have been invited or have signed in.
detail-no-time = Give times like 2026-01-31, 2026-01-31T12:00:00Z, 12h or 7d.
detail-no-event = There is no event of this name. The page /desk/audit lists them.
detail-no-mail-waits = No email waits: all have been sent, or are being sent now.
detail-no-place = Send { $field } as the answer before gave it in { $given }.
detail-two-places = Send before or after, not both.
detail-no-guarded-host = Go back to the page you wanted to open, and open it again: the address that brought you here names no site that signs in here.

## Mails

mail-subject-code = { $code } is your code for { $brand }
mail-subject-link = Your link to sign in to { $brand }
mail-subject-sign-up = Your link to sign up for { $brand }
mail-sign-up-title = Finish signing up for { $brand }
mail-open-link = Open this link in the browser where you started
mail-press = Press “{ $button }” below, in the browser where you started.
mail-or-type = Or type this code there
mail-type = Type this code where you asked for it
mail-once = Good for one sign-in, within { $lifetime }.
mail-preview-both = { $code }, or one press. Good for { $lifetime }.
mail-preview-link = One press signs you in. Good for { $lifetime }.
mail-preview-code = Good for { $lifetime }, and only once.
mail-asked = Asked for { $address }, in { $browser }, from IP address { $network }, on { $date }.
mail-asked-by-app = Asked for by { $app }, for { $address }, on { $date }.
mail-asked-by-operator = Sent to { $address } by the people of { $brand } at your request, on { $date }.
mail-open-link-anywhere = Open this link in the browser in which you want to sign in
mail-press-anywhere = Press “{ $button }” below, and confirm it in the browser.
mail-not-you = Was this not you? Ignore this email: nobody can sign in without it.
mail-not-you-press = Or stop the sign-in
mail-copy-link = If the button does not work, copy this link
mail-help = Help: { $support }
mail-new-device-title = New sign-in to { $brand }
mail-new-device-preview = { $browser }, { $date }. Not you? Sign them out.
mail-new-device-explained = Somebody just signed in as { $address }, with { $browser }, from IP address { $network }, on { $date }. We do not know that browser yet.
mail-new-device-by-app = Somebody just signed in as { $address }, through { $app }, on { $date }. We have not seen that before.
mail-new-device-fine = If that was you, there is nothing to do. If not, press the button: on the next page you sign them out, and can sign out your other devices and remove your password, too.
mail-new-device-press = That was not me: sign them out
mail-password-set-title = Your password for { $brand } was set
mail-password-removed-title = Your password for { $brand } was removed
mail-password-preview = { $browser }, { $date }. Not you? Undo it.
mail-password-set-explained = The password of { $address } was just set, with { $browser }, from IP address { $network }, on { $date }.
mail-password-removed-explained = The password of { $address } was just removed, with { $browser }, from IP address { $network }, on { $date }.
mail-password-fine = If that was you, there is nothing to do. If not, press the button: on the next page you remove the password and sign them out, and can sign out all other devices, too.
mail-invitation-title = You are invited to { $brand }
mail-invitation-by = { $by } has invited { $address } to { $brand }.
mail-invitation-to = { $address } has been invited to { $brand }.
mail-invitation-preview = Accept with one press, within { $lifetime }.
mail-invitation-open = Open this link, and press the button on that page
mail-invitation-accept = Look at the invitation
mail-invitation-type = Or enter your address and this code at { $page }
mail-invitation-ignore = You do not know who sent this, or want nothing of it? Ignore this email: nothing happens without you.
mail-waitlist-title = You are on the waiting list of { $brand }
mail-waitlist-preview = We write to you as soon as you can sign in.
mail-waitlist-explained = Somebody asked to sign in to { $brand } with { $address }, on { $date }. Nobody new is let in at once at the moment, so that address is on the waiting list.
mail-waitlist-next = As soon as it is your turn, you get an invitation by email. Until then there is nothing to do.
mail-waitlist-ignore = Was this not you? Ignore this email: you get no other until you are invited.
