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
just-now = gerade eben
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
promise-link = Wir schicken Ihnen einen Link per E-Mail: Öffnen Sie ihn, und Sie sind angemeldet. Ein Passwort brauchen Sie nicht.
promise-code = Wir schicken Ihnen einen sechsstelligen Code per E-Mail: Geben Sie ihn hier ein, und Sie sind angemeldet. Ein Passwort brauchen Sie nicht.
promise-both = Wir schicken Ihnen einen Link per E-Mail: Öffnen Sie ihn, und Sie sind angemeldet. Oder geben Sie den Code aus derselben E-Mail ein. Ein Passwort brauchen Sie nicht.
address = E-Mail-Adresse
address-example = sie@example.com
password-if-any = Passwort, falls Sie eines haben
send-link = Link zuschicken
send-code = Code zuschicken
sign-in-with-password = Mit Passwort anmelden
try-again-in = Noch einmal in { $time }
sending = Wird geschickt …
sent = Geschickt
did-you-mean = Meinten Sie { $address }?
offline = Wir sind gerade nicht zu erreichen. Prüfen Sie, ob Sie online sind, und versuchen Sie es noch einmal.

## Prüfen Sie Ihr Postfach

check-your-inbox = Prüfen Sie Ihr Postfach
sent-link = Öffnen Sie den Link aus unserer E-Mail in diesem Browser.
sent-code = Geben Sie die sechs Ziffern aus unserer E-Mail ein.
sent-both = Öffnen Sie den Link aus unserer E-Mail in diesem Browser, oder geben Sie hier den Code ein.
sent-to = An
change = Ändern
open-webmail = { $webmail } öffnen
code-from-the-mail = Code aus der E-Mail
checking = Wird geprüft …
welcome = Angemeldet
mail-works-for = Läuft ab in { $time }
mail-has-expired = Diese E-Mail ist abgelaufen. Lassen Sie sich eine neue schicken.
fresh-mail = Neue E-Mail schicken
fresh-mail-in = Neue E-Mail möglich in { $time }
nothing-there = Keine E-Mail da? Sehen Sie im Spam nach, und prüfen Sie die Adresse.
match-number-here = Wenn Sie den Link auf einem anderen Gerät öffnen, geben Sie dort diese Zahl ein:
mail-sent = Verschickt: Das Mailsystem hat die E-Mail angenommen.
mail-delayed = Die E-Mail verzögert sich: Das Mailsystem bittet uns, später wiederzukommen. Wir versuchen es weiter, Sie können hier warten.
mail-delayed-by-us = Die E-Mail verzögert sich: Unser Maildienst nimmt sie nicht an. An der Adresse liegt es nicht. Wir versuchen es weiter, Sie können hier warten.
mail-delayed-unsure = Die E-Mail verzögert sich vielleicht: Das Mailsystem hat sie nicht bestätigt. Wenn keine kommt, schicken Sie eine neue.
mail-delayed-on-the-way = Die E-Mail ist noch nicht angekommen: „{ $said }“. Sie können hier warten oder eine andere Adresse nehmen.
mail-returned = Die E-Mail kam zurück: „{ $said }“. Prüfen Sie die Adresse oben, oder nehmen Sie eine andere.
mail-suppressed = Unsere letzten E-Mails an diese Adresse kamen zurück: „{ $said }“. Prüfen Sie die Adresse oben, oder nehmen Sie eine andere. Wenn sie stimmt, schicken Sie die E-Mail trotzdem.
mail-complained = An diese Adresse schicken wir zurzeit keine E-Mails: Eine frühere wurde dort als Spam markiert. Wenn Sie trotzdem eine möchten, schicken Sie sie.
mail-said-nothing = ohne Angabe eines Grundes
send-all-the-same = Trotzdem schicken
mail-failed = Die E-Mail ließ sich nicht zustellen. Prüfen Sie die Adresse oben, oder versuchen Sie es später noch einmal.
mail-unsent = Die E-Mail ließ sich nicht verschicken. An der Adresse liegt es nicht: Fordern Sie eine neue an.
no-cookie-title = Hier wartet keine Anmeldung
no-cookie = Sie haben sich inzwischen abgemeldet oder die E-Mail in einem anderen Browser angefordert. Wenn Sie das eben erst hier getan haben, speichert dieser Browser keine Cookies dieser Website: Erlauben Sie Cookies, und fordern Sie eine neue E-Mail an.
sign-in-over = Diese Anmeldung ist vorbei
sign-in-over-used = Der Link oder Code wurde schon benutzt.
sign-in-over-superseded = Eine neuere E-Mail hat diese ersetzt, oder Sie haben sich inzwischen woanders angemeldet.
sign-in-over-cancelled = Die Anmeldung wurde über die E-Mail abgebrochen, oder auf dem anderen Gerät wurde eine falsche Zahl eingegeben.

## Links, die nicht anmelden

one-more-press = Noch ein Schritt
link-still-works = Ihr Link gilt noch.
different-browser-title = Dies ist ein anderer Browser
different-browser = Diese Anmeldung wurde in einem anderen Browser begonnen. Mail-Apps öffnen Links oft in einem eigenen.
back-to-that-window = { $mode ->
    [LINK] Gehen Sie zum anderen Fenster zurück: Es wartet. Kopieren Sie den Link aus der E-Mail, und öffnen Sie ihn dort.
   *[other] Gehen Sie zum anderen Fenster zurück: Es wartet. Geben Sie dort den Code aus der E-Mail ein, oder kopieren Sie den Link und öffnen ihn dort.
}
sign-in-on-this-device = Stattdessen auf diesem Gerät anmelden
sign-in-on-this-device-explained = Wir schicken noch eine E-Mail für diesen Browser. Die erste gilt dort weiter.
link-expired-title = Dieser Link ist abgelaufen
link-expired = Fordern Sie einen neuen an, das dauert nur einen Moment.
link-used-title = Dieser Link wurde schon benutzt
link-used = Fordern Sie einen neuen an, um sich wieder anzumelden.
newer-mail-title = Es gibt eine neuere E-Mail
newer-mail = Sie hat diesen Link ersetzt. Öffnen Sie die neueste E-Mail, oder fordern Sie eine neue an.
link-invalid-title = Dieser Link ist nicht gültig
link-invalid = Vielleicht wurde er in der E-Mail abgeschnitten: Kopieren Sie den ganzen Link, oder fordern Sie einen neuen an.
ask-for-fresh-mail = Neue E-Mail anfordern
sign-in-here-title = Hier anmelden?
asked-in-another-browser = Dieser Link wurde in einem anderen Browser angefordert. Fahren Sie nur fort, wenn Sie das waren.
sent-by-operator = Das Team von { $brand } hat Ihnen diesen Link geschickt. Machen Sie nur weiter, wenn Sie um Hilfe gebeten haben.
sign-in-here = Hier anmelden
match-explained = Das Fenster, in dem Sie diese Anmeldung begonnen haben, zeigt eine zweistellige Zahl. Geben Sie sie hier ein, dann sind Sie dort angemeldet. Tun Sie es nur, wenn Sie das Fenster jetzt sehen: Niemand sonst hat einen Grund, Ihnen eine Zahl zu nennen.
match-number = Zahl im anderen Fenster
match-press = Im anderen Fenster anmelden
match-stop = Kein solches Fenster: abbrechen
matched-title = Gehen Sie zum anderen Fenster zurück
matched-explained = Es ist in wenigen Sekunden angemeldet. Diese Seite können Sie schließen.
fact-address = Adresse
fact-browser = Begonnen in
fact-when = Wann
browser-from = { $browser }, { $place }
ip = IP { $network }
app = App { $app }

## Einladungen

new-invited = Neu hier? Sie brauchen eine Einladung.
new-invited-code = Ich habe einen Code
new-waitlist = Neu hier? Geben Sie Ihre Adresse ein, dann setzen wir Sie auf die Warteliste.
invitation-title = Sie sind zu { $brand } eingeladen
invitation-explained = Nehmen Sie nur an, wenn Sie damit gerechnet haben: Dieser Browser wird mit der Adresse oben angemeldet. Die Einladung läuft in { $duration } ab.
invitation-accept = Annehmen und anmelden
invitation-code-title = Einladung annehmen
invitation-code-explained = Geben Sie die eingeladene Adresse und den Code aus der E-Mail ein.
invitation-over-title = Diese Einladung ist vorbei
invitation-expired = Sie ist abgelaufen. Bitten Sie um eine neue, wo sie herkam.
invitation-withdrawn = Sie wurde zurückgezogen. Wenn das ein Versehen ist, fragen Sie nach, wo sie herkam.
invitation-accepted-title = Diese Einladung wurde angenommen
invitation-accepted = Sie gilt einmal. Melden Sie sich mit Ihrer Adresse an: Sie bekommen eine weitere E-Mail.
invitation-superseded = Eine neuere Einladung hat diese ersetzt. Öffnen Sie die neueste E-Mail.
invitation-link-invalid = Vielleicht wurde er in der E-Mail abgeschnitten: Kopieren Sie den ganzen Link, oder bitten Sie um eine neue Einladung.
fact-invited-by = Eingeladen von

## Waren Sie das nicht?

not-you-title = Waren Sie das nicht?
not-you-explained = Jemand hat diese Anmeldung mit Ihrer Adresse angefordert. Brechen Sie sie ab, dann sind Link und Code ungültig. Sonst ändert sich nichts. Waren Sie es selbst, schließen Sie diese Seite.
not-you-session-explained = Jemand hat sich mit Ihrer Adresse angemeldet. Wenn Sie diese Sitzung beenden, werden auch alle angeforderten Links und Codes ungültig, und jeder Browser gilt wieder als neu. Liest jemand anderes Ihre E-Mails, ändern Sie zuerst das Passwort Ihres Postfachs.
not-you-password-explained = Jemand, der mit Ihrer Adresse angemeldet war, hat Ihr Passwort gesetzt oder entfernt. Wenn Sie diese Sitzung beenden, wird auch das Passwort entfernt, alle angeforderten Links und Codes werden ungültig, und jeder Browser gilt wieder als neu. Liest jemand anderes Ihre E-Mails, ändern Sie zuerst das Passwort Ihres Postfachs.
end-all-others = Auch alle meine anderen Geräte abmelden
remove-password-if-any = Mein Passwort entfernen, falls es eines gibt
put-them-out = Fremde Sitzung beenden
stop-it = Diese Anmeldung abbrechen
stopped-title = Abgebrochen
stopped-explained = Die Anmeldung ist abgebrochen. Wenn weiter solche E-Mails kommen, gibt jemand Ihre Adresse ein: Es geht nichts verloren, solange niemand sonst Ihre E-Mails liest.
put-out-title = Fremde Sitzung beendet
put-out-explained = Jeder Browser gilt wieder als neu. Liest jemand anderes Ihre E-Mails, kann er sich wieder anmelden: Ändern Sie das Passwort Ihres Postfachs.
too-late-title = Schon beendet
too-late-explained = Diese Anmeldung ist beendet. Wenn nicht Sie das waren, melden Sie sich selbst an, und melden Sie unter „Ihr Konto“ alle anderen Geräte ab.

## Die Übersicht

dashboard = Ihr Konto
signed-in-already = Sie sind angemeldet als
go-on = Weiter
sign-out = Abmelden
signed-out = Sie haben sich abgemeldet.
sign-out-elsewhere = Andere Geräte abmelden
sign-out-everywhere = Überall abmelden
your-devices = Ihre Geräte
this-device = Dieses Gerät
your-apps = Apps mit Zugriff
end-app = Entfernen
end-app-of = Den Zugriff von { $app } entfernen
app-since = zuletzt angemeldet { $ago }
in-use-now = gerade aktiv
last-used = zuletzt aktiv { $ago }
begun = angemeldet { $ago }
end-session-in = { $browser } abmelden
recent-activity = Letzte Ereignisse
recent-attempts = Anforderungen und Fehlversuche der letzten sieben Tage
activity-times = { $what }, { $n }-mal
activity-times-at-least = { $what }, mindestens { $n }-mal
activity-requested = Anmelde-E-Mail angefordert
activity-signed-in = Angemeldet
activity-signed-in-link = Mit Link angemeldet
activity-signed-in-code = Mit Code angemeldet
activity-signed-in-password = Mit Passwort angemeldet
activity-signed-in-match = Mit einem anderswo geöffneten Link angemeldet
activity-signed-out = Abgemeldet
activity-disputed = Sie haben eine fremde Anmeldung gemeldet
activity-password-set = Passwort gesetzt
activity-password-removed = Passwort entfernt
activity-code-wrong = Falscher Code eingegeben
activity-password-wrong = Falsches Passwort eingegeben
activity-number-wrong = Falsche Zahl eingegeben
activity-too-many = Codes zu oft probiert
activity-rate-limited = Zu viele E-Mails angefordert
activity-wrong-browser = Link in einem anderen Browser geöffnet
activity-old-link = Alten Link geöffnet
activity-old-code = Alten Code eingegeben
activity-cancelled = Anmeldung abgebrochen
activity-approved = Anmeldung in einem anderen Fenster freigegeben
activity-refused = Anmeldung abgelehnt
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
danger = Konto schließen
delete-account = Konto löschen
delete-account-explained = Ihre Sitzungen enden sofort, und was hier über Sie gespeichert ist, wird innerhalb von zwei Tagen gelöscht. Das lässt sich nicht rückgängig machen.
delete-account-confirm = Endgültig löschen
deleted-title = Ihr Konto ist gelöscht
deleted-explained = Sie sind überall abgemeldet. Ihre übrigen Daten werden innerhalb von zwei Tagen gelöscht, bis auf Protokolleinträge, in denen Ihre Adresse unkenntlich ist.
consent-title = Bei { $app } anmelden?
consent-explained = { $app } bittet um Folgendes:
consent-email = Ihre E-Mail-Adresse
consent-profile = Den Namen Ihres Kontos, das ist Ihre E-Mail-Adresse
consent-offline = Angemeldet zu bleiben, wenn Sie nicht da sind
consent-allow = Erlauben
consent-deny = Nicht erlauben
device-title = Auf einem Gerät anmelden
device-explained = Geben Sie den Code ein, den das Gerät zeigt.
device-code = Code auf dem Gerät
device-confirm-title = Auf Ihrem Gerät bei { $app } anmelden?
device-warning = Fahren Sie nur fort, wenn Sie das gerade selbst auf einem Ihrer Geräte begonnen haben und es diesen Code zeigt. Wer Ihnen den Code geschickt hat, will in Ihr Konto.
device-allowed = Gehen Sie zurück zu Ihrem Gerät
device-allowed-explained = In wenigen Sekunden ist es angemeldet. Sie können diese Seite schließen.
device-denied = Das Gerät ist nicht angemeldet
device-denied-explained = Es erfährt davon. Sie können diese Seite schließen.
leave-title = Bei { $brand } abmelden?
leave-app = { $app } bittet darum.
leave-stay = Angemeldet bleiben
host-refused-title = Kein Zugriff auf { $host }
host-refused-explained = Für diese Adresse ist { $host } nicht freigegeben.
host-refused-other = Andere Adresse verwenden
host-again-title = Sie sind bei { $host } noch nicht angemeldet
host-again-explained = Die Anmeldung hat zu lange gedauert, hat in einem anderen Browser begonnen, oder Ihr Browser behält keine Cookies von { $host }.
host-again = Noch einmal versuchen

## Der Desk

desk = Desk
desk-account = Ihr Konto
desk-stale = Ihre Anmeldung ist älter als 15 Minuten: Sie können alles ansehen, Änderungen brauchen eine neue Anmeldung.
desk-test-people = Testpersonen melden sich mit einem festen Code und ohne E-Mail an: { $people }. Entfernen Sie sie aus [[test_people]], sobald sie niemand mehr braucht.
desk-sign-in-again = Neu anmelden
desk-reason = Grund
desk-reason-kept = Bleibt im Audit-Protokoll.
desk-operators = Operatoren
desk-operators-explained = Sie stehen in der Policy-Datei unter [desk], oder latchkey desk invite hat sie hinzugefügt. Hier wird niemand zum Operator.
desk-address = Adresse
desk-role = Rolle
desk-named-by = Genannt von
desk-by-file = Policy-Datei
desk-by-command = latchkey desk invite
desk-by-apps = Eintrag in der Policy-Datei unter [[apps]]
desk-you = Sie
desk-role-look = look: sieht Zahlen und Personen
desk-role-help = help: handelt auch für Personen
desk-role-steer = steer: ändert auch die Policy
desk-audit = Audit
audit-event = Ereignis
audit-all-events = Alle Ereignisse
audit-by = Operator
audit-by-anybody = Alle, auch außerhalb des Desk
audit-by-operators = Alle Operatoren
audit-person = Person
audit-since = Von
audit-until = Vor
audit-times = Zeiten sind in UTC: 2026-01-31, 2026-01-31T12:00:00Z, oder zurückgerechnet wie 30m, 12h, 7d.
audit-show = Anzeigen
audit-none = Ein solches Ereignis gibt es nicht.
audit-pages = Seiten der Ereignisse
audit-newest = Neueste Ereignisse
audit-newer = Neuere Ereignisse
audit-older = Ältere Ereignisse
audit-export = Alles exportieren, was der Filter zeigt:
audit-at = Zeit (UTC)
audit-where = Browser und Netz
audit-request = Anfrage
people = Personen
people-question = Adresse, Nutzer-ID oder Anfrage-ID
people-explained = Die ganze Adresse, ihr Anfang (ada, ada@ex) oder der ihrer Domain (@exam), eine Nutzer-ID oder die Anfrage-ID einer Fehlerseite. Anfänge werden unter einer Million Personen sofort gefunden; über die Mitte einer Adresse wird niemand gefunden.
people-explained-mapped = Die ganze Adresse, die ID von jemandem, der sich schon angemeldet hat, oder die Anfrage-ID einer Fehlerseite. Die Nutzer stehen in Ihrer eigenen Tabelle, in der nur ganze Adressen gesucht werden.
people-find = Suchen
people-nobody = Niemand gefunden. Prüfen Sie die Schreibweise, oder geben Sie die ganze Adresse ein.
people-more = Weitere
people-request = Was bei dieser Anfrage geschah
people-address-gone = Die Adresse dazu ist nicht mehr gespeichert: Fragen Sie danach, und suchen Sie nach ihr.
person = Person
person-id = Nutzer-ID
person-since = Nutzer seit
person-since-date = { $date }, { $ago }
person-mapped = steht in Ihrer eigenen Tabelle
person-no-user = kein Nutzer: Mit dieser Adresse hat sich niemand angemeldet
person-last-sign-in = Letzte Anmeldung
person-never = keine mehr gespeichert
person-test = Testperson
person-operator = Operator: { $role }
person-disabled = gesperrt
person-ban = Gesperrt
person-disabled-since = seit { $when }: bekommt keine E-Mails und kann sich nicht anmelden
person-held-back = E-Mails zurückgehalten
person-held-back-until = bis { $until }, weil eine zurückkam: „{ $said }“
person-complained = bis das aufgehoben wird, weil eine als Spam gemeldet wurde
person-mails = E-Mails
person-mails-left = noch { $n } in dieser Stunde, für Browser, die für die Adresse neu sind
person-no-mail-until = keine vor { $until }, für Browser, die für die Adresse neu sind
person-waiting = In Arbeit
person-waiting-mails = { $n ->
    [one] eine E-Mail wartet auf den Versand, nach { $attempts } Versuchen
   *[other] { $n } E-Mails warten auf den Versand, eine nach { $attempts } Versuchen
}
person-codes = Codes
person-codes-work = nicht ausgesetzt
person-codes-paused = bis { $until } ausgesetzt, für Browser, die für die Adresse neu sind; Links gelten
person-codes-paused-for = bis { $until } ausgesetzt für { $network }; Links gelten
person-devices = Angemeldet
person-no-sessions = Nirgends.
person-acts = Für diese Person handeln
timeline = Was geschah
timeline-empty = Davon ist nichts gespeichert.
timeline-by = von { $name }
timeline-asked-for = { $mode ->
    [LINK] E-Mail mit Link angefordert, gültig { $lifetime } lang
    [OTP] E-Mail mit Code angefordert, gültig { $lifetime } lang
   *[other] E-Mail mit Link und Code angefordert, gültig { $lifetime } lang
}
timeline-policy-then = Policy damals: { $keys }
timeline-policy-key = { $key } { $then } (jetzt { $now })
timeline-policy-unknown = Policy damals: nicht mehr bekannt
timeline-not-admitted = Abgelehnt: Link oder Code war richtig, aber die Adresse darf sich nicht anmelden
timeline-test-person = Mit dem festen Code einer Testperson angemeldet
timeline-verified = Adresse für eine App bestätigt
timeline-mail-sent = E-Mail vom Mailsystem angenommen
timeline-mail-delayed = E-Mail verzögert
timeline-mail-of-test-person = E-Mail nicht versandt: Eine Testperson bekommt keine
timeline-mail-withheld = E-Mail nicht versandt: Die Adresse darf sich nicht anmelden
timeline-mail-failed = E-Mail nicht zugestellt
timeline-mail-returned = E-Mail kam zurück
timeline-mail-complaint = E-Mail als Spam gemeldet
timeline-suppression-lifted = E-Mails werden wieder versandt
timeline-user-added = Nutzer hinzugefügt
timeline-user-deleted = Nutzer gelöscht
timeline-user-disabled = Nutzer gesperrt
timeline-user-enabled = Sperre aufgehoben
timeline-codes-paused = Codes und Passwörter ausgesetzt
timeline-opened = Am Desk geöffnet
timeline-desk-mail = Anmelde-E-Mail vom Desk versandt
timeline-link-opened = Link geöffnet, ohne Anmeldung, vielleicht in einem anderen Browser oder von einem Scanner
timeline-invited = Eingeladen
timeline-invitation-resent = Noch einmal eingeladen
timeline-invitation-withdrawn = Einladung zurückgezogen
timeline-invitation-accepted = Einladung angenommen
timeline-waitlist = Auf der Warteliste
timeline-waitlist-removed = Von der Warteliste genommen
timeline-operator-added = Wurde Operator am Desk
timeline-operator-removed = Ist kein Operator am Desk mehr
timeline-operator-refused = Versuchte, den Desk zu öffnen, und wurde abgewiesen
diagnosis-disabled = Gesperrt seit { $when }: Es wird keine E-Mail versandt, und keine Anmeldung gelingt.
diagnosis-nothing = In den letzten { $days } Tagen wurde keine E-Mail angefordert.
diagnosis-signed-in = Der letzte Versuch gelang, am { $when }.
diagnosis-cancelled = Die letzte Anmeldung wurde aus der E-Mail heraus gestoppt, am { $when }.
diagnosis-paused = Codes sind bis { $until } ausgesetzt: Der Link in der E-Mail gilt.
diagnosis-not-admitted = Der letzte Versuch wurde am { $when } abgelehnt: Die Adresse darf sich nicht anmelden.
diagnosis-refused = Der letzte Versuch wurde am { $when } abgelehnt: { $what }.
diagnosis-returned = Die E-Mail von { $mail } kam zurück: „{ $said }“.
diagnosis-complaint = Die E-Mail von { $mail } wurde als Spam gemeldet, deshalb wird keine mehr versandt.
diagnosis-delayed = Die E-Mail von { $mail } verzögert sich: „{ $said }“.
diagnosis-withheld = Die E-Mail von { $mail } wurde nicht versandt: Die Adresse darf sich nicht anmelden.
diagnosis-test = Die E-Mail von { $mail } wurde nicht versandt: Eine Testperson meldet sich mit einem festen Code an.
diagnosis-held-back = Die E-Mail von { $mail } wurde zurückgehalten, weil frühere zurückkamen: „{ $said }“.
diagnosis-failed = Die E-Mail von { $mail } wurde nicht zugestellt: „{ $said }“.
diagnosis-unused = Die E-Mail von { $mail } wurde vom Mailsystem angenommen, und Link und Code wurden nicht benutzt.
diagnosis-waits = Die E-Mail von { $mail } wartet auf den Versand.
timeline-exported = Ein Operator hat diese Ereignisse exportiert
ticket = Als Text für ein Ticket kopieren
ticket-explained = Ohne die ganze Adresse und ohne Geheimnisse
ticket-copy = Kopieren
ticket-who = Person { $address }, Nutzer-ID { $id }
act-send-mail = Anmelde-E-Mail senden
act-send-mail-explained = Ihr Link öffnet sich in jedem Browser, wo die Person die Anmeldung bestätigt. Sie selbst bekommen weder Link noch Sitzung.
act-end-sessions = Alle Sitzungen beenden
act-end-sessions-explained = Die Person wird überall abgemeldet, und jeder Browser gilt wieder als neu.
act-pause-codes = Codes für eine Stunde aussetzen
act-pause-codes-explained = In Browsern, die für die Adresse neu sind, gilt kein Code und kein Passwort. Links gelten, und Codes gelten in Browsern, die sich schon angemeldet haben.
act-lift = E-Mails wieder senden
act-lift-explained = Hebt auf, was E-Mails hier und auf den Listen der Anbieter zurückhält.
act-disable = Sperren
act-disable-explained = Sitzungen enden, es werden keine E-Mails versandt, und mit dieser Adresse meldet sich niemand an.
act-enable = Entsperren
act-enable-explained = Hebt die Sperre auf. Beendete Sitzungen bleiben beendet.
act-delete = Löschen
act-delete-explained = Löscht sofort Nutzer, Sitzungen, Zugriffe von Apps, offene Anmeldungen und E-Mails, den Rest innerhalb von zwei Tagen. Es bleiben eine Sperre der Adresse, was E-Mails zurückhält, und die Ereignisse des Audit-Protokolls mit verdeckter Adresse, bis sie zu alt sind. Das lässt sich nicht rückgängig machen.
done-send-mail = Die E-Mail ist unterwegs.
done-end-sessions = Alle Sitzungen sind beendet.
done-pause-codes = Codes sind für eine Stunde ausgesetzt.
done-lift = E-Mails werden wieder versandt.
done-disable = Die Person ist gesperrt.
done-enable = Die Person darf sich wieder anmelden.
done-delete = Der Nutzer ist gelöscht.
done-remove = Die Person wartet nicht mehr.
desk-now = Jetzt
desk-now-range = Zeit
desk-now-day = 24 Stunden
desk-now-week = 7 Tage
desk-now-month = 30 Tage
desk-now-explained = Gezählt aus dem Audit-Protokoll, wenige Sekunden danach. Stunden und Tage sind UTC.
desk-acts = Was Sie tun können
desk-acts-explained = Jeder Link öffnet die Seite der Policy, auf der die Änderung schon eingetragen ist. Nichts ändert sich, bevor Sie sie dort anwenden.
desk-pause-sign-up = Registrierung anhalten
desk-open-sign-up = Registrierung wieder öffnen
desk-attack = Angriffsmodus
desk-calm = Angriffsmodus beenden
desk-block = Registrierung sperren
desk-blocked = Registrierung gesperrt
desk-funnel = Vom Anfordern zur Anmeldung
desk-funnel-told = { $asked } E-Mails wurden angefordert, { $sent } gesendet, { $opened } geöffnet, und mit { $signedin } davon hat sich jemand angemeldet.
desk-step = Schritt
desk-number = Anzahl
desk-share = Von den angeforderten
desk-asked = Angefordert
desk-sent = Gesendet
desk-opened = Geöffnet
desk-signed-in = Angemeldet
desk-course = Verlauf
desk-course-told = Breite Säulen: angeforderte E-Mails. Schmale davor: Anmeldungen. Die neueste steht am Ende.
desk-course-numbers = Die Zahlen
desk-time = Beginnt
desk-took = Dauer
desk-to-session = Vom Anfordern bis zur Anmeldung
desk-to-mail-server = Vom Anfordern, bis ein Mailserver die E-Mail hat
desk-median = Median
desk-p95 = 95 von 100 innerhalb von
desk-by-domain = Nach Domain der Empfänger
desk-domain = Domain
desk-others = Alle anderen
desk-returned = Kam zurück
desk-complaints = Als Spam gemeldet
desk-by-method = Nach Methode
desk-method = Methode
desk-method-link = Link
desk-method-code = Code
desk-method-match = Zahl
desk-method-password = Passwort
desk-method-test-person = Testperson
desk-by-app = Nach App
desk-app = App
desk-own-pages = die Anmeldeseite
desk-refusals = Abgelehnt
desk-refused-because = Grund
desk-mail = E-Mail
desk-queue = { $n ->
    [one] Eine E-Mail wartet auf den Versand. Sie wurde { $ago } angefordert.
   *[other] { $n } E-Mails warten auf den Versand. Die älteste wurde { $ago } angefordert.
}
desk-queue-empty = Keine E-Mail wartet auf den Versand.
desk-retry = Jetzt erneut versuchen
desk-retry-explained = Jede wartende E-Mail geht hinaus, sobald ein Transport sie annimmt, statt erst nach ihrer eigenen Wartezeit.
desk-retried = { $n ->
    [one] Eine E-Mail wird erneut versucht.
   *[other] { $n } E-Mails werden erneut versucht.
}
desk-transport = Transport
desk-health = Wie diese Instanz ihn kennt
desk-well = nimmt E-Mails an
desk-refuses-us = nimmt keine E-Mails an; neuer Versuch in { $duration }
desk-pass-over = Übergehen
desk-use-again = Wieder benutzen
desk-passed-over = bekommt keine neuen E-Mails
desk-of-sent = { $share } der gesendeten E-Mails ({ $n })
desk-above-line = über der Grenze
desk-complaint-line = Gmail und Yahoo halten E-Mails von Absendern zurück, wenn { $line } oder mehr als Spam gemeldet werden.
desk-nothing-yet = Nichts in dieser Zeit.
desk-invitations = Einladungen
desk-invitation = Einladung
desk-all-invitations = Alle Einladungen
desk-no-invitations = Niemand wurde eingeladen.
desk-invite = Jemanden einladen
desk-invite-press = Einladen
desk-note = Worte für die E-Mail, wenn Sie möchten
desk-language = Sprache
desk-state = Stand
desk-invited = Eingeladen
desk-open-until = Offen bis
desk-mails = E-Mails
desk-newest-mail = Neueste E-Mail
desk-older = Ältere
desk-later = Spätere
desk-invitation-open = offen
desk-invitation-accepted = angenommen
desk-invitation-withdrawn = zurückgezogen
desk-invitation-expired = abgelaufen
desk-invited-before = Diese Adresse war schon eingeladen, deshalb wurde nichts verschickt.
desk-resend = Einladung noch einmal schicken
desk-withdraw = Einladung zurückziehen
desk-mail-sent = verschickt
desk-mail-queued = wartet auf den Versand
desk-mail-returned = kam zurück
desk-mail-suppressed = zurückgehalten, frühere E-Mails kamen zurück
desk-mail-failed = nicht verschickt
desk-mail-gone = nicht mehr bekannt
desk-waitlist = Warteliste
desk-waitlist-explained = Diese Menschen wollten sich anmelden, während neue auf die Warteliste kamen. Wer eingelassen wird, bekommt eine Einladung.
desk-whole-waitlist = Die ganze Warteliste
desk-nobody-waits = Niemand wartet.
desk-waits = Auf der Warteliste
desk-first-asked = Zuerst angefragt
desk-last-asked = Zuletzt angefragt
desk-times = Anfragen
desk-let-in = Einlassen
desk-remove = Von der Liste nehmen
desk-remove-explained = Die Person erfährt nichts davon, bemerkt keinen Unterschied und kann wieder anfragen.
desk-steer = Policy
desk-steer-explained = Die Policy-Datei ist die Grundlage. Was hier gesetzt wird, gilt statt ihrer auf jeder Instanz, bis es zurückgenommen wird.
desk-steer-closed = Die Policy-Datei erlaubt hier keine Änderungen (desk.may_steer).
desk-steer-groups = Gruppen von Schlüsseln
desk-steer-edited = Diese Werte gelten noch nicht: Geben Sie einen Grund an, und wenden Sie sie an.
desk-steer-language = Sprache der Vorschau
desk-steer-look = Vorschau
desk-steer-apply = Anwenden
desk-steer-default = Vorgabe
desk-steer-file = Policy-Datei
desk-steer-file-line = Policy-Datei, Zeile { $line }
desk-steer-variable = Durch die Variable { $name } festgelegt
desk-steer-override = Gesetzt von { $operator }, { $date }: { $reason }
desk-steer-page = Anmeldeseite
desk-steer-mail = E-Mail
desk-steer-subject = Betreff: { $subject }
desk-steer-light = Hell
desk-steer-dark = Dunkel
desk-steer-left-out = Diese Änderungen gelten nicht. Nehmen Sie sie zurück, oder machen Sie sie wieder möglich.
desk-steer-overrides = Änderungen an der Datei
desk-steer-none = Es gibt keine.
desk-steer-key = Schlüssel
desk-steer-in-file = Ohne sie
desk-steer-laid = Mit ihr
desk-steer-take-back = Zurücknehmen
desk-steer-download = Als TOML für die Policy-Datei herunterladen
desk-steer-changes = Verlauf
desk-steer-when = Wann
desk-steer-old = Vorher
desk-steer-new = Nachher
desk-steer-how = Wie
desk-steer-was-set = Gesetzt von { $operator }
desk-steer-was-taken-back = Zurückgenommen von { $operator }
desk-steer-unset = nicht gesetzt
desk-steer-older = Ältere Änderungen
desk-steer-nothing = Das würde nichts ändern.

## Fehler

not-found = Nicht gefunden
no-such-page = Diese Seite gibt es nicht
no-such-page-explained = Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.
to-the-start = Zur Startseite
sorry = Entschuldigung
did-not-work = Das hat leider nicht geklappt
try-again = Noch einmal versuchen

error-invalid-email = Prüfen Sie die Schreibweise der Adresse.
error-missing-reason = Geben Sie einen Grund an: Er bleibt im Audit-Protokoll.
error-missing-field = Etwas fehlt: { $field }. Füllen Sie es aus, und versuchen Sie es noch einmal.
error-missing-email = Geben Sie Ihre E-Mail-Adresse ein.
error-missing-code = Geben Sie die sechs Ziffern aus der E-Mail ein.
error-missing-password = Geben Sie Ihr Passwort ein.
error-missing-number = Geben Sie die Zahl ein, die das andere Fenster zeigt.
error-invalid-request = { $detail }
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
error-number-wrong = Fordern Sie im anderen Fenster eine neue E-Mail an: Das war nicht die Zahl, die es zeigt, deshalb ist diese Anmeldung abgebrochen.
error-code-expired = Dieser Code gilt nicht mehr. Fordern Sie einen neuen an, das dauert nur einen Moment.
error-code-superseded = Eine neuere E-Mail hat diesen Code ersetzt. Geben Sie den Code aus der neuesten E-Mail ein.
error-invitation-over = Diese Einladung ist abgelaufen oder wurde zurückgezogen. Bitten Sie um eine neue, wo sie herkam.
error-invitation-wrong = Zu dieser Adresse und diesem Code gibt es keine offene Einladung. Prüfen Sie beides, oder öffnen Sie den Link in der E-Mail.
error-too-many-attempts = { $instead ->
    [next-link] Zu viele falsche Codes. Dieser Code ist abgeschaltet: Fordern Sie eine neue E-Mail an, sie bringt stattdessen einen Link.
    [nothing] Zu viele falsche Codes. Dieser Code ist abgeschaltet: Fordern Sie eine neue E-Mail an.
   *[other] Zu viele falsche Codes. Dieser Code ist abgeschaltet: Öffnen Sie den Link in der E-Mail, oder fordern Sie eine neue an.
}
error-codes-paused = { $instead ->
    [next-link] Zu viele falsche Codes für diese Adresse. Fordern Sie eine neue E-Mail an, sie bringt stattdessen einen Link, oder versuchen Sie es in { $duration } wieder mit einem Code.
    [nothing] Zu viele falsche Codes für diese Adresse. Versuchen Sie es in { $duration } wieder mit einem Code.
   *[other] Zu viele falsche Codes für diese Adresse. Öffnen Sie den Link in der E-Mail, oder versuchen Sie es in { $duration } wieder mit einem Code.
}
error-rate-limited = Das waren viele Anfragen. Versuchen Sie es wieder in { $duration }.
error-unauthenticated = Sie sind nicht angemeldet. Melden Sie sich an, und versuchen Sie es noch einmal.
error-app-needed = Schicken Sie das Zugriffstoken einer App mit, im Header Authorization: Bearer. POST /oauth/token gibt eines für grant_type=client_credentials.
error-request-unknown = Diese Anmeldung gibt es nicht. Fordern Sie eine neue E-Mail an.
error-forbidden-origin = Diese Anfrage kam von einer anderen Website und wurde deshalb abgelehnt. Öffnen Sie die Seite hier, und versuchen Sie es noch einmal.
error-forbidden = Ihre Rolle erlaubt das nicht. Bitten Sie jemanden mit einer höheren Rolle darum.
error-fresh-sign-in-needed = Melden Sie sich dafür neu an: Änderungen am Desk brauchen eine Anmeldung der letzten 15 Minuten.
error-not-found = Unter diesem Namen gibt es hier nichts. Prüfen Sie ihn, und versuchen Sie es noch einmal.
error-payload-too-large = Das ist mehr, als diese Seite annimmt. Schicken Sie weniger.
error-unavailable = Das geht bei uns gerade nicht. Nichts ist verloren: Versuchen Sie es in ein paar Sekunden noch einmal.
error-internal = Bei uns ist etwas schiefgegangen. Versuchen Sie es noch einmal, und geben Sie uns Bescheid, wenn es so bleibt.

detail-wrong-shape = Ein Feld des Formulars hat ein falsches Format.
detail-six-digits = Codes haben sechs Ziffern.
detail-two-digits = Die Zahl hat zwei Ziffern.
detail-no-passwords = Hier gibt es keine Passwörter. Lassen Sie das Passwort leer, um eine E-Mail zu bekommen.
detail-password-needs-fresh-sign-in = Um ein Passwort zu setzen, müssen Sie sich eben erst angemeldet haben: Melden Sie sich ab und wieder an, und versuchen Sie es noch einmal.
detail-password-length = Nehmen Sie ein Passwort mit { $shortest } bis { $longest } Zeichen: Dieses hat { $length }.
detail-password-known = Nehmen Sie ein längeres oder ungewöhnlicheres Passwort: Dieses gehört zu den ersten, die jeder versuchen würde.
detail-no-sign-in = Beginnen Sie mit Ihrer E-Mail-Adresse: Es gibt keine offene Anmeldung.
detail-no-session = Diese Sitzung gibt es nicht. Vielleicht ist sie schon beendet.
detail-not-yourself = Bitten Sie einen anderen Operator: Das tut niemand mit dem eigenen Konto.
detail-no-sessions = Es gibt keine Sitzung zu beenden.
detail-desk-mail-needs-links = E-Mails haben hier nur Codes (auth.mode), und auf einen solchen wartet kein Browser: Bitten Sie die Person, auf der Anmeldeseite zu beginnen.
detail-desk-mail-to-nobody = Entsperren Sie diese Person zuerst, oder laden Sie sie ein: Diese Adresse bekommt keine Anmelde-E-Mail, weil sie sich nicht anmelden darf oder zu einer Testperson gehört.
detail-desk-mail-held-back = Heben Sie zuerst auf, was E-Mails zurückhält: Frühere an diese Adresse kamen zurück.
detail-provider-list = Versuchen Sie es noch einmal: Hier werden E-Mails nicht mehr zurückgehalten, aber die Liste eines Anbieters ist unverändert ({ $lists }).
detail-not-held-back = Nichts hielt E-Mails an diese Adresse zurück.
detail-deletion-needs-fresh-sign-in = Um ein Konto zu löschen, müssen Sie sich eben erst angemeldet haben: Melden Sie sich ab und wieder an, und versuchen Sie es noch einmal.
detail-mapped-account = Ihr Konto gehört zur Website selbst und wird dort gelöscht.
detail-mapped-users = [users] bildet eine eigene Tabelle ab, in die Latchkey nie schreibt: Fügen Sie Nutzer dort hinzu, und löschen Sie sie dort.
detail-no-user = Es gibt niemanden mit dieser Adresse.
detail-not-kept-out = Niemand mit dieser Adresse ist gesperrt.
detail-no-app-request = Gehen Sie zur App zurück, und beginnen Sie dort noch einmal: Dieser Browser hat die Anmeldung nicht begonnen, oder sie hat zu lange gedauert.
detail-device-code = Der Code hat acht Buchstaben, etwa WDJB-MJHT.
detail-no-device = Vergleichen Sie den Code mit dem auf Ihrem Gerät. Sind beide gleich, ist er abgelaufen: Beginnen Sie dort noch einmal.
detail-not-admitted = Ihr Konto darf sich bei { $app } nicht anmelden. Fragen Sie, wer es betreibt.
detail-no-password-for-test-people = Testpersonen haben kein Passwort: Ihr Code steht in der Policy.
detail-reason-too-long = Der Grund darf höchstens { $n } Zeichen haben.
detail-waits-no-more = Diese Person wartet nicht mehr: Sie wurde eingelassen, entfernt oder eingeladen oder hat sich angemeldet.
detail-no-time = Geben Sie Zeiten an wie 2026-01-31, 2026-01-31T12:00:00Z, 12h oder 7d.
detail-no-event = Ein Ereignis mit diesem Namen gibt es nicht. Die Seite /desk/audit führt sie auf.
detail-no-mail-waits = Keine E-Mail wartet: Alle sind verschickt oder werden es gerade.
detail-no-place = Schicken Sie { $field } so, wie es die Antwort davor in { $given } angegeben hat.
detail-two-places = Schicken Sie before oder after, nicht beides.
detail-no-guarded-host = Gehen Sie zu der Seite zurück, die Sie öffnen wollten, und öffnen Sie sie noch einmal: Die Adresse, die Sie hierher geführt hat, nennt keine Website, die hier anmeldet.

## E-Mails

mail-subject-code = { $code } ist Ihr Code für { $brand }
mail-subject-link = Ihr Link zur Anmeldung bei { $brand }
mail-subject-sign-up = Ihr Link zur Registrierung bei { $brand }
mail-sign-up-title = Registrierung bei { $brand } abschließen
mail-open-link = Öffnen Sie diesen Link in dem Browser, in dem Sie begonnen haben
mail-press = Klicken Sie unten auf „{ $button }“, in dem Browser, in dem Sie begonnen haben.
mail-or-type = Oder geben Sie dort diesen Code ein
mail-type = Geben Sie diesen Code dort ein, wo Sie ihn angefordert haben
mail-once = Gilt für eine einzige Anmeldung, in den nächsten { $lifetime }.
mail-preview-both = { $code }, oder ein Klick. Gilt in den nächsten { $lifetime }.
mail-preview-link = Ein Klick meldet Sie an. Gilt in den nächsten { $lifetime }.
mail-preview-code = Gilt nur einmal und nur in den nächsten { $lifetime }.
mail-asked = Angefordert für { $address }, in { $browser }, von der IP-Adresse { $network }, am { $date }.
mail-asked-by-app = Angefordert von { $app }, für { $address }, am { $date }.
mail-asked-by-operator = Vom Team von { $brand } am { $date } an { $address } geschickt.
mail-open-link-anywhere = Öffnen Sie diesen Link in dem Browser, in dem Sie sich anmelden möchten
mail-press-anywhere = Drücken Sie unten auf „{ $button }“, und bestätigen Sie es im Browser.
mail-not-you = Waren Sie das nicht? Ignorieren Sie diese E-Mail: Ohne sie kann sich niemand anmelden.
mail-not-you-press = Oder brechen Sie die Anmeldung ab
mail-copy-link = Wenn der Knopf nicht geht, kopieren Sie diesen Link
mail-help = Hilfe: { $support }
mail-new-device-title = Neue Anmeldung bei { $brand }
mail-new-device-preview = { $browser }, { $date }. Waren Sie das nicht? Beenden Sie die Sitzung.
mail-new-device-explained = Soeben wurde { $address } angemeldet: { $browser }, von der IP-Adresse { $network }, am { $date }. Diesen Browser kennen wir noch nicht.
mail-new-device-by-app = Soeben wurde { $address } angemeldet, über { $app }, am { $date }. Das kennen wir noch nicht.
mail-new-device-fine = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, klicken Sie auf den Knopf: Auf der nächsten Seite beenden Sie die Sitzung. Dort können Sie auch Ihre anderen Geräte abmelden und Ihr Passwort entfernen.
mail-new-device-press = Das war ich nicht: Sitzung beenden
mail-password-set-title = Ihr Passwort bei { $brand } wurde gesetzt
mail-password-removed-title = Ihr Passwort bei { $brand } wurde entfernt
mail-password-preview = { $browser }, { $date }. Waren Sie das nicht? Machen Sie es rückgängig.
mail-password-set-explained = Das Passwort von { $address } wurde soeben gesetzt: { $browser }, von der IP-Adresse { $network }, am { $date }.
mail-password-removed-explained = Das Passwort von { $address } wurde soeben entfernt: { $browser }, von der IP-Adresse { $network }, am { $date }.
mail-password-fine = Wenn Sie das waren, müssen Sie nichts tun. Wenn nicht, klicken Sie auf den Knopf: Auf der nächsten Seite entfernen Sie das Passwort und beenden die Sitzung. Dort können Sie auch alle anderen Geräte abmelden.
mail-invitation-title = Sie sind zu { $brand } eingeladen
mail-invitation-by = { $by } hat { $address } zu { $brand } eingeladen.
mail-invitation-to = { $address } ist zu { $brand } eingeladen.
mail-invitation-preview = Mit einem Klick anzunehmen, innerhalb von { $lifetime }.
mail-invitation-open = Öffnen Sie diesen Link, und bestätigen Sie auf der Seite
mail-invitation-accept = Einladung ansehen
mail-invitation-type = Oder geben Sie Ihre Adresse und diesen Code ein auf { $page }
mail-invitation-ignore = Sie wissen nicht, wer das schickt, oder möchten nicht? Ignorieren Sie diese E-Mail: Ohne Sie geschieht nichts.
mail-waitlist-title = Sie stehen auf der Warteliste von { $brand }
mail-waitlist-preview = Wir schreiben Ihnen, sobald Sie sich anmelden können.
mail-waitlist-explained = Jemand wollte sich am { $date } mit { $address } bei { $brand } anmelden. Zurzeit wird niemand sofort neu aufgenommen, deshalb steht diese Adresse auf der Warteliste.
mail-waitlist-next = Sobald Sie an der Reihe sind, bekommen Sie eine Einladung per E-Mail. Bis dahin ist nichts zu tun.
mail-waitlist-ignore = Waren Sie das nicht? Ignorieren Sie diese E-Mail: Bis zu einer Einladung kommt keine weitere.
