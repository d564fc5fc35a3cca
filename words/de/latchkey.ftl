# Jeder Satz, den ein Mensch liest. Eine Datei je Sprache, in jeder dieselben Schlüssel: Fehlt einer, scheitert der Bau.

## Zeiten

seconds = { $n ->
    [one] einer Sekunde
   *[other] { $n } Sekunden
}
minutes = { $n ->
    [one] einer Minute
   *[other] { $n } Minuten
}
hours = { $n ->
    [one] einer Stunde
   *[other] { $n } Stunden
}
days = { $n ->
    [one] einem Tag
   *[other] { $n } Tagen
}
ago = vor { $duration }
date = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }, { $time } UTC

## Jede Seite

language = Sprache
support = Hilfe
terms = Nutzungsbedingungen
privacy = Datenschutz
about-the-page = Bei { $brand } anmelden, mit einem Link oder Code aus Ihrer E-Mail.

## Die Anmeldeseite

sign-in = Anmelden
sign-in-to = Bei { $brand } anmelden
promise-link = Wir schicken Ihnen einen Link per E-Mail. Ein Passwort brauchen Sie nicht.
promise-code = Wir schicken Ihnen einen Code per E-Mail. Ein Passwort brauchen Sie nicht.
promise-both = Wir schicken Ihnen einen Link und einen Code per E-Mail. Ein Passwort brauchen Sie nicht.
address = E-Mail-Adresse
address-example = sie@example.com
password-if-any = Passwort, falls Sie eines haben
send-link = Link zuschicken
send-code = Code zuschicken
sign-in-with-password = Mit Passwort anmelden
try-again-in = Noch einmal in { $time }
did-you-mean = Meinten Sie { $address }?
offline = Wir sind gerade nicht zu erreichen. Prüfen Sie, ob Sie online sind, und versuchen Sie es noch einmal.

## Prüfen Sie Ihr Postfach

check-your-inbox = Prüfen Sie Ihr Postfach
sent-link = Wir haben einen Link geschickt an
sent-code = Wir haben einen Code geschickt an
sent-both = Wir haben einen Link und einen Code geschickt an
change = Ändern
open-it-here = Öffnen Sie ihn in diesem Browser.
type-it-here = Geben Sie ihn hier ein.
open-or-type = Öffnen Sie den Link in diesem Browser, oder geben Sie den Code hier ein.
open-webmail = { $webmail } öffnen
code-from-the-mail = Code aus der E-Mail
mail-works-for = Noch gültig: { $time }.
mail-has-expired = Diese E-Mail ist abgelaufen.
fresh-mail = Neue E-Mail schicken
fresh-mail-in = Neue E-Mail möglich in { $time }
nothing-there = Nichts da? Sehen Sie im Spam nach, und prüfen Sie die Adresse oben.
mail-delayed = Die E-Mail verzögert sich: Der Mailserver hat sie noch nicht angenommen. Wir versuchen es weiter, Sie können hier warten.
mail-failed = Die E-Mail ließ sich nicht zustellen. Prüfen Sie die Adresse oben, oder versuchen Sie es später noch einmal.
mail-unsent = Die E-Mail ließ sich nicht rechtzeitig verschicken. An der Adresse liegt es nicht: Fordern Sie eine neue an.
no-cookie-title = Dieser Browser kennt die Anmeldung nicht
no-cookie = Entweder behält er keine Cookies dieser Website, oder Sie haben in einem anderen Browser gefragt. Erlauben Sie hier Cookies, und lassen Sie sich eine neue E-Mail schicken, oder machen Sie dort weiter, wo Sie gefragt haben.
sign-in-over = Diese Anmeldung ist vorbei
sign-in-over-used = Sie wurde schon benutzt.
sign-in-over-superseded = Eine neuere E-Mail ist an die Stelle dieser getreten, oder Sie haben sich inzwischen woanders angemeldet.
sign-in-over-cancelled = Sie wurde von der E-Mail aus abgebrochen.

## Links, die nicht anmelden

one-more-press = Noch ein Schritt
link-still-works = Ihr Link gilt noch.
open-where-asked = Öffnen Sie den Link dort, wo Sie ihn angefordert haben
link-expired-title = Dieser Link ist abgelaufen
link-used-title = Dieser Link wurde schon benutzt
newer-mail-title = Es gibt eine neuere E-Mail
link-invalid-title = Dieser Link ist nicht gültig
ask-for-fresh-mail = Neue E-Mail anfordern
sign-in-here-title = Hier anmelden?
asked-in-another-browser = Dieser Link wurde in einem anderen Browser angefordert. Fahren Sie nur fort, wenn Sie das waren.
sign-in-here = Hier anmelden
fact-address = Adresse
fact-browser = Angefordert in
fact-when = Wann
browser-from = { $browser }, von { $network }

## Waren Sie das nicht?

not-you-title = Waren Sie das nicht?
not-you-explained = Jemand hat diese Anmeldung mit Ihrer Adresse angefordert. Brechen Sie sie ab, dann gelten Link und Code nicht mehr. Sonst ändert sich nichts.
not-you-session-explained = Jemand hat sich mit Ihrer Adresse angemeldet. Beenden Sie das: Seine Sitzung endet sofort, angeforderte Links und Codes gelten nicht mehr, und kein Browser gilt mehr als bekannt. Liest jemand anderes Ihre E-Mails, ändern Sie zuerst das Passwort Ihres Postfachs.
not-you-password-explained = Jemand, der mit Ihrer Adresse angemeldet war, hat Ihr Passwort gesetzt oder entfernt. Beenden Sie das: Seine Sitzung endet sofort, es gibt kein Passwort mehr, angeforderte Links und Codes gelten nicht mehr, und kein Browser gilt mehr als bekannt. Liest jemand anderes Ihre E-Mails, ändern Sie zuerst das Passwort Ihres Postfachs.
end-all-others = Auch alle meine anderen Sitzungen beenden
remove-password-if-any = Mein Passwort entfernen, falls es eines gibt
put-them-out = Das beenden
stop-it = Diese Anmeldung abbrechen
stopped-title = Abgebrochen
stopped-explained = Die Anmeldung ist abgebrochen. Wenn weiter solche E-Mails kommen, gibt jemand Ihre Adresse ein: Es geht nichts verloren, solange niemand sonst Ihre E-Mails liest.
put-out-title = Beendet
put-out-explained = Das ist vorbei, und kein Browser gilt als bekannt, bis er sich wieder anmeldet. Liest jemand anderes Ihre E-Mails, kann er sich wieder anmelden: Ändern Sie das Passwort Ihres Postfachs.
too-late-title = Schon beendet
too-late-explained = Diese Anmeldung ist beendet. Wenn nicht Sie sich angemeldet haben, melden Sie sich selbst an und beenden Sie in der Übersicht alle anderen Sitzungen.

## Die Übersicht

dashboard = Übersicht
signed-in = Sie sind angemeldet
signed-in-as = Als
signed-in-already = Sie sind angemeldet als
go-on = Weiter
sign-out = Abmelden
sign-out-elsewhere = Auf anderen Geräten abmelden
sign-out-everywhere = Überall abmelden
your-sessions = Ihre Sitzungen
this-session = diese hier
in-use-now = gerade aktiv
last-used = zuletzt benutzt { $ago }
begun = begonnen { $ago }
end-session = Beenden
end-session-in = Die Sitzung in { $browser } beenden
recent-activity = Letzte Ereignisse
recent-attempts = Angefordert und abgelehnt in den letzten sieben Tagen
activity-times = { $what }, { $n }-mal
activity-times-at-least = { $what }, mindestens { $n }-mal
activity-requested = Eine Anmelde-E-Mail wurde angefordert
activity-signed-in = Angemeldet
activity-signed-in-link = Mit Link angemeldet
activity-signed-in-code = Mit Code angemeldet
activity-signed-in-password = Mit Passwort angemeldet
activity-signed-out = Abgemeldet
activity-disputed = Sie haben gesagt, dass eine Anmeldung nicht Ihre war
activity-password-set = Das Passwort wurde gesetzt
activity-password-removed = Das Passwort wurde entfernt
activity-code-wrong = Ein falscher Code wurde eingegeben
activity-password-wrong = Ein falsches Passwort wurde eingegeben
activity-too-many = Codes wurden zu oft probiert
activity-rate-limited = Es wurden zu viele E-Mails angefordert
activity-wrong-browser = Ein Link wurde in einem anderen Browser geöffnet
activity-old-link = Ein Link, der nicht mehr gilt, wurde geöffnet
activity-old-code = Ein Code, der nicht mehr gilt, wurde eingegeben
activity-cancelled = Eine Anmeldung wurde abgebrochen
activity-refused = Eine Anmeldung wurde abgelehnt
unknown-browser = unbekannter Browser
browser-on = { $browser } unter { $system }
password = Passwort
new-password = Neues Passwort
password-kept = Sie haben ein Passwort.
no-password = Sie haben kein Passwort.
needs-fresh-sign-in = Um das zu ändern, melden Sie sich erst ab und wieder an.
password-optional = Freiwillig. Damit melden Sie sich an, ohne Ihre E-Mails zu öffnen. Eine Änderung meldet Sie auf allen anderen Geräten ab.
keep-password = Passwort speichern
remove-password = Passwort entfernen
delete-account = Konto löschen
delete-account-explained = Ihre Sitzungen enden sofort, und was hier über Sie gespeichert ist, wird innerhalb von zwei Tagen gelöscht. Das lässt sich nicht rückgängig machen.
delete-account-confirm = Endgültig löschen
deleted-title = Ihr Konto ist gelöscht
deleted-explained = Sie sind überall abgemeldet. Was hier von Ihnen übrig ist, verschwindet innerhalb von zwei Tagen, bis auf Protokolleinträge, in denen Ihre Adresse unkenntlich ist.

## Fehler

not-found = Nicht gefunden
no-such-page = Diese Seite gibt es nicht
no-such-page-explained = Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.
to-the-start = Zur Startseite
sorry = Entschuldigung
did-not-work = Das hat leider nicht geklappt
try-again = Noch einmal versuchen

error-invalid-email = Das sieht nicht nach einer E-Mail-Adresse aus. Prüfen Sie die Schreibweise.
error-missing-field = Etwas fehlt: { $field }. Füllen Sie es aus, und versuchen Sie es noch einmal.
error-missing-email = Geben Sie Ihre E-Mail-Adresse ein.
error-missing-code = Geben Sie die sechs Ziffern aus der E-Mail ein.
error-missing-password = Geben Sie Ihr Passwort ein.
error-invalid-request = Das geht nicht: { $detail }.
error-link-expired = Dieser Link ist abgelaufen. Fordern Sie einen neuen an, das dauert nur einen Moment.
error-link-used = Dieser Link wurde schon benutzt. Fordern Sie einen neuen an, um sich wieder anzumelden.
error-link-invalid = Dieser Link ist nicht gültig. Vielleicht wurde er in der E-Mail abgeschnitten: Kopieren Sie den ganzen Link, oder fordern Sie einen neuen an.
error-link-superseded = Eine neuere E-Mail hat diesen Link ersetzt. Öffnen Sie die neueste E-Mail, oder fordern Sie eine neue an.
error-wrong-browser = { $mode ->
    [LINK] Öffnen Sie diesen Link in dem Browser, in dem Sie ihn angefordert haben.
   *[other] Öffnen Sie diesen Link in dem Browser, in dem Sie ihn angefordert haben, oder geben Sie dort den Code aus der E-Mail ein.
}
error-code-wrong = Dieser Code stimmt nicht. { $n ->
    [one] Ein Versuch bleibt.
   *[other] { $n } Versuche bleiben.
}
error-password-wrong = Adresse und Passwort passen nicht zusammen. Lassen Sie das Passwort leer, um stattdessen eine E-Mail zu bekommen.
error-code-expired = Dieser Code gilt nicht mehr. Fordern Sie einen neuen an, das dauert nur einen Moment.
error-code-superseded = Eine neuere E-Mail hat diesen Code ersetzt. Geben Sie den Code aus der neuesten E-Mail ein.
error-too-many-attempts = { $mode ->
    [OTP] Zu viele falsche Codes. Dieser Code ist abgeschaltet: Fordern Sie eine neue E-Mail an, sie bringt stattdessen einen Link.
   *[other] Zu viele falsche Codes. Dieser Code ist abgeschaltet: Öffnen Sie den Link in der E-Mail, oder fordern Sie eine neue an.
}
error-codes-paused = { $mode ->
    [OTP] Zu viele falsche Codes für diese Adresse. Fordern Sie eine neue E-Mail an, sie bringt stattdessen einen Link, oder versuchen Sie es mit einem Code wieder in { $duration }.
   *[other] Zu viele falsche Codes für diese Adresse. Öffnen Sie den Link in der E-Mail, oder versuchen Sie es mit einem Code wieder in { $duration }.
}
error-rate-limited = Das waren viele Anfragen. Versuchen Sie es wieder in { $duration }.
error-unauthenticated = Sie sind nicht angemeldet. Melden Sie sich an, und versuchen Sie es noch einmal.
error-forbidden-origin = Diese Anfrage kam von einer anderen Website und wurde deshalb abgelehnt. Öffnen Sie die Seite hier, und versuchen Sie es noch einmal.
error-payload-too-large = Das ist mehr, als diese Seite annimmt. Schicken Sie weniger.
error-unavailable = Das geht bei uns gerade nicht. Nichts ist verloren: Versuchen Sie es in ein paar Sekunden noch einmal.
error-internal = Bei uns ist etwas schiefgegangen. Versuchen Sie es noch einmal, und geben Sie uns Bescheid, wenn es so bleibt.

detail-wrong-shape = ein Feld des Formulars hat ein falsches Format
detail-six-digits = ein Code hat sechs Ziffern, wie 123 456
detail-no-passwords = dieser Server hat keine Passwörter; lassen Sie es leer, um eine E-Mail zu bekommen
detail-password-needs-fresh-sign-in = um ein Passwort zu setzen, müssen Sie sich gerade erst angemeldet haben: Melden Sie sich ab und wieder an, und versuchen Sie es noch einmal
detail-password-length = ein Passwort hat { $shortest } bis { $longest } Zeichen, und dieses hat { $length }
detail-password-known = dieses Passwort gehört zu den ersten, die jeder versuchen würde; nehmen Sie ein längeres oder ein ungewöhnlicheres
detail-no-sign-in = es gibt keine offene Anmeldung; beginnen Sie mit Ihrer E-Mail-Adresse
detail-no-session = diese Sitzung gibt es nicht; vielleicht ist sie schon beendet
detail-deletion-needs-fresh-sign-in = um ein Konto zu löschen, müssen Sie sich gerade erst angemeldet haben: Melden Sie sich ab und wieder an, und versuchen Sie es noch einmal
detail-mapped-account = Ihr Konto gehört zur Website selbst und wird dort gelöscht

## E-Mails

mail-subject-code = { $code } ist Ihr Code für { $brand }
mail-subject-link = Ihr Link zur Anmeldung bei { $brand }
mail-subject-sign-up = Ihr Link zur Registrierung bei { $brand }
mail-sign-up-title = Registrierung bei { $brand } abschließen
mail-open-link = Öffnen Sie diesen Link in dem Browser, in dem Sie begonnen haben
mail-or-type = Oder geben Sie dort diesen Code ein
mail-type = Geben Sie diesen Code dort ein, wo Sie ihn angefordert haben
mail-once = Gilt nur einmal und nur in den nächsten { $lifetime }.
mail-preview = Gilt für die nächsten { $lifetime }.
mail-asked = Angefordert in { $browser }, von { $network }, am { $date }.
mail-not-you = Waren Sie das nicht? Ignorieren Sie diese E-Mail: Ohne sie kann sich niemand anmelden.
mail-not-you-press = Oder brechen Sie die Anmeldung ab
mail-copy-link = Wenn der Knopf nicht geht, kopieren Sie diesen Link
mail-help = Hilfe: { $support }
mail-new-device-title = Neue Anmeldung bei { $brand }
mail-new-device-explained = Soeben wurde { $address } angemeldet: { $browser }, von { $network }, am { $date }. Diesen Browser kennen wir nicht.
mail-new-device-fine = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, beendet ein Druck die Sitzung; dabei werden Sie gefragt, ob auch Ihre anderen Sitzungen enden und Ihr Passwort entfernt werden soll.
mail-new-device-press = Das war ich nicht
mail-password-set-title = Ihr Passwort bei { $brand } wurde gesetzt
mail-password-removed-title = Ihr Passwort bei { $brand } wurde entfernt
mail-password-set-explained = Das Passwort von { $address } wurde soeben gesetzt: { $browser }, von { $network }, am { $date }.
mail-password-removed-explained = Das Passwort von { $address } wurde soeben entfernt: { $browser }, von { $network }, am { $date }.
mail-password-fine = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, entfernt ein Druck das Passwort und beendet die Sitzung; dabei werden Sie gefragt, ob auch alle anderen enden sollen.
