# كل جملة يقرؤها الناس. ملف لكل لغة، وفيها المفاتيح نفسها: المفتاح الناقص يوقف البناء.

## الأوقات

seconds = { $n ->
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $n } ثوانٍ
   *[other] { $n } ثانية
}
minutes = { $n ->
    [one] دقيقة واحدة
    [two] دقيقتين
    [few] { $n } دقائق
   *[other] { $n } دقيقة
}
hours = { $n ->
    [one] ساعة واحدة
    [two] ساعتين
    [few] { $n } ساعات
   *[other] { $n } ساعة
}
days = { $n ->
    [one] يوم واحد
    [two] يومين
    [few] { $n } أيام
    [many] { $n } يومًا
   *[other] { $n } يوم
}
ago = قبل { $duration }
just-now = الآن
date = {"\u200F"}{ $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }، { $time } UTC

## كل صفحة

language = اللغة
support = المساعدة
terms = الشروط
privacy = الخصوصية
about-the-page = سجّل الدخول إلى { $brand } برابط أو رمز يصلك بالبريد الإلكتروني.

## صفحة تسجيل الدخول

sign-in = تسجيل الدخول
sign-in-to = تسجيل الدخول إلى { $brand }
promise-link = نرسل إليك رابط دخول بالبريد الإلكتروني: افتحه فتدخل مباشرة، دون كلمة مرور.
promise-code = نرسل إليك رمزًا من ستة أرقام بالبريد الإلكتروني: اكتبه هنا فتدخل مباشرة، دون كلمة مرور.
promise-both = نرسل إليك رابط دخول بالبريد الإلكتروني: افتحه فتدخل مباشرة، أو اكتب الرمز الذي في الرسالة نفسها. لا حاجة إلى كلمة مرور.
address = البريد الإلكتروني
address-example = you@example.com
password-if-any = كلمة المرور، إن كانت لديك واحدة
send-link = إرسال رابط الدخول
send-code = إرسال الرمز
sign-in-with-password = الدخول بكلمة المرور
try-again-in = حاول مرة أخرى بعد { $time }
sending = جارٍ الإرسال…
sent = تم الإرسال
did-you-mean = هل تقصد { $address }؟
offline = لا يمكن الوصول إلينا الآن. تحقق من اتصالك بالإنترنت، ثم حاول مرة أخرى.

## تفقّد بريدك

check-your-inbox = تفقّد بريدك
sent-link = افتح الرابط الذي أرسلناه إليك، في هذا المتصفح.
sent-code = اكتب الأرقام الستة التي أرسلناها إليك.
sent-both = افتح الرابط الذي أرسلناه إليك في هذا المتصفح، أو اكتب الرمز الذي في الرسالة نفسها.
sent-to = إلى
change = تغيير
open-webmail = فتح { $webmail }
code-from-the-mail = الرمز الذي في الرسالة
checking = جارٍ التحقق…
welcome = تم الدخول
mail-works-for = تنتهي الصلاحية بعد { $time }
mail-has-expired = انتهت صلاحية هذه الرسالة. اطلب رسالة جديدة.
fresh-mail = إرسال رسالة جديدة
fresh-mail-in = يمكنك طلب رسالة جديدة بعد { $time }
nothing-there = لم تصل الرسالة؟ ابحث في مجلد الرسائل غير المرغوبة، وتحقق من العنوان.
match-number-here = إذا فتحت الرابط على جهاز آخر، فاكتب هناك هذا الرقم:
mail-sent = أُرسلت: قبل نظام البريد الرسالة.
mail-delayed = الرسالة متأخرة: يطلب منا نظام البريد المحاولة لاحقًا. نواصل المحاولة، ويمكنك الانتظار هنا.
mail-delayed-by-us = الرسالة متأخرة: لا تقبلها خدمة البريد لدينا. لا خطأ في العنوان. نواصل المحاولة، ويمكنك الانتظار هنا.
mail-delayed-unsure = قد تتأخر الرسالة: لم يؤكدها نظام البريد. إن لم تصل، فأرسل رسالة جديدة.
mail-delayed-on-the-way = لم تصل الرسالة بعد: «{ $said }». يمكنك الانتظار هنا، أو استخدام عنوان آخر.
mail-returned = عادت الرسالة: «{ $said }». تحقق من العنوان أعلاه، أو استخدم عنوانًا آخر.
mail-suppressed = عادت رسائلنا الأخيرة إلى هذا العنوان: «{ $said }». تحقق من العنوان أعلاه، أو استخدم عنوانًا آخر. إن كان صحيحًا، فأرسل الرسالة رغم ذلك.
mail-complained = لا نرسل حاليًا رسائل إلى هذا العنوان: وُسمت رسالة سابقة هناك كرسالة مزعجة. إذا كنت تريد رسالة رغم ذلك، فأرسلها.
mail-said-nothing = دون ذكر السبب
send-all-the-same = إرسالها رغم ذلك
mail-failed = تعذّر تسليم الرسالة. تحقق من العنوان أعلاه، أو حاول مرة أخرى لاحقًا.
mail-unsent = لم نتمكن من إرسال الرسالة. العنوان سليم: اطلب رسالة جديدة.
no-cookie-title = لا ننتظر هنا أي تسجيل دخول
no-cookie = إما أنك سجّلت الخروج منذ ذلك الحين، أو طلبت الدخول من متصفح آخر. إن كنت قد طلبته هنا الآن، فهذا المتصفح لا يحفظ ملفات تعريف الارتباط لهذا الموقع: اسمح بها، ثم اطلب رسالة جديدة.
sign-in-over = انتهى تسجيل الدخول هذا
sign-in-over-used = لقد استُخدم من قبل.
sign-in-over-superseded = حلّت محله رسالة أحدث، أو سجّلت الدخول من مكان آخر.
sign-in-over-cancelled = أُوقف من الرسالة، أو كُتب هناك رقم خاطئ.

## روابط لا تسجّل الدخول

one-more-press = بقيت خطوة واحدة
link-still-works = ما زال رابطك صالحًا.
different-browser-title = هذا متصفح آخر
different-browser = بدأ تسجيل الدخول هذا في متصفح آخر. كثيرًا ما تفتح تطبيقات البريد الروابط في متصفح خاص بها.
back-to-that-window = { $mode ->
    [LINK] عُد إلى تلك النافذة، فهي تنتظر: انسخ الرابط من الرسالة، وافتحه هناك.
   *[other] عُد إلى تلك النافذة، فهي تنتظر: اكتب هناك الرمز الذي في الرسالة، أو افتح الرابط هناك.
}
sign-in-on-this-device = تسجيل الدخول على هذا الجهاز بدلًا من ذلك
sign-in-on-this-device-explained = نرسل رسالة أخرى لهذا المتصفح، وتبقى الأولى صالحة هناك.
link-expired-title = انتهت صلاحية هذا الرابط
link-expired = اطلب رابطًا جديدًا، فلن يستغرق ذلك سوى لحظة.
link-used-title = استُخدم هذا الرابط من قبل
link-used = اطلب رابطًا جديدًا لتسجّل الدخول مرة أخرى.
newer-mail-title = هناك رسالة أحدث
newer-mail = لقد حلّت محل هذا الرابط. افتح أحدث رسالة، أو اطلب واحدة جديدة.
link-invalid-title = هذا الرابط غير صالح
link-invalid = ربما قُطع في الرسالة: انسخ الرابط كاملًا، أو اطلب رابطًا جديدًا.
ask-for-fresh-mail = طلب رسالة جديدة
sign-in-here-title = أتريد تسجيل الدخول هنا؟
asked-in-another-browser = طُلب هذا الرابط من متصفح آخر. تابع فقط إن كنت أنت من طلبه.
sent-by-operator = أرسل إليك فريق { $brand } هذا الرابط. تابع فقط إن كنت قد طلبت المساعدة.
sign-in-here = تسجيل الدخول هنا
match-explained = تعرض النافذة التي بدأت فيها تسجيل الدخول هذا رقمًا من خانتين. اكتبه هنا ليتم الدخول في تلك النافذة. لا تفعل ذلك إلا إن كنت ترى تلك النافذة الآن: لا سبب لدى أي شخص آخر ليعطيك رقمًا.
match-number = الرقم في النافذة الأخرى
match-press = تسجيل الدخول في النافذة الأخرى
match-stop = لا أرى نافذة كهذه: إيقاف
matched-title = عُد إلى النافذة الأخرى
matched-explained = سيتم الدخول فيها خلال ثوانٍ. يمكنك إغلاق هذه الصفحة.
fact-address = البريد الإلكتروني
fact-browser = بدأ في
fact-when = متى
browser-from = { $browser }، { $place }
ip = IP { $network }
app = تطبيق { $app }

## الدعوات

new-invited = جديد هنا؟ تحتاج إلى دعوة.
new-invited-code = لديّ رمز
new-waitlist = جديد هنا؟ اكتب عنوانك، وسنضيفك إلى قائمة الانتظار.
invitation-title = أنت مدعو إلى { $brand }
invitation-explained = لا تقبل إلا إذا كنت تتوقع هذه الدعوة: يسجّل القبول دخول هذا المتصفح بالعنوان أعلاه. الدعوة صالحة لمدة { $duration }.
invitation-accept = قبول وتسجيل الدخول
invitation-code-title = قبول دعوة
invitation-code-explained = اكتب العنوان المدعو، والرمز الذي في الرسالة.
invitation-over-title = انتهت هذه الدعوة
invitation-expired = انتهت صلاحيتها. اطلب دعوة جديدة ممن دعاك.
invitation-withdrawn = سُحبت هذه الدعوة. إن كان ذلك خطأ، فاسأل من دعاك.
invitation-accepted-title = قُبلت هذه الدعوة من قبل
invitation-accepted = تصلح الدعوة مرة واحدة. سجّل الدخول بعنوانك: ستصلك رسالة أخرى.
invitation-superseded = حلّت محلها دعوة أحدث. افتح أحدث رسالة.
invitation-link-invalid = ربما قُطع في الرسالة: انسخ الرابط كاملًا، أو اطلب دعوة جديدة ممن دعاك.
fact-invited-by = الداعي

## ألم تكن أنت؟

not-you-title = ألم تكن أنت؟
not-you-explained = طلب شخص ما تسجيل الدخول هذا بعنوانك. إذا أوقفته لم يعد الرابط والرمز صالحين، ولا يتغير شيء آخر. إن كنت أنت من طلبه، فأغلق هذه الصفحة.
not-you-session-explained = سجّل شخص ما الدخول بعنوان بريدك. إذا أنهيت جلسته، فلن يبقى أي رابط أو رمز مطلوب صالحًا، وسيُعدّ كل متصفح جديدًا. إن كان غيرك يقرأ بريدك، فغيّر كلمة مرور صندوق بريدك أولًا.
not-you-password-explained = شخص ما كان قد سجّل الدخول بعنوان بريدك، فعيّن كلمة مرورك أو أزالها. إذا أنهيت جلسته، فستُزال كلمة المرور، ولن يبقى أي رابط أو رمز مطلوب صالحًا، وسيُعدّ كل متصفح جديدًا. إن كان غيرك يقرأ بريدك، فغيّر كلمة مرور صندوق بريدك أولًا.
end-all-others = تسجيل الخروج من كل أجهزتي الأخرى أيضًا
remove-password-if-any = إزالة كلمة مروري، إن وُجدت
put-them-out = إنهاء تلك الجلسة
stop-it = إيقاف تسجيل الدخول هذا
stopped-title = تم الإيقاف
stopped-explained = أُوقف تسجيل الدخول هذا. إن استمرت هذه الرسائل في الوصول، فهناك من يكتب عنوانك: لا خطر في ذلك ما دام لا أحد غيرك يقرأ بريدك.
put-out-title = انتهت تلك الجلسة
put-out-explained = يُعدّ كل متصفح جديدًا من الآن. إن كان غيرك يقرأ بريدك، فيمكنه الدخول مرة أخرى: غيّر كلمة مرور صندوق بريدك.
too-late-title = انتهى الأمر بالفعل
too-late-explained = انتهى تسجيل الدخول ذاك. إن لم تكن أنت، فسجّل الدخول بنفسك، ثم سجّل الخروج من كل الأجهزة الأخرى في صفحة حسابك.

## صفحة الحساب

dashboard = حسابك
signed-in-already = أنت مسجّل الدخول باسم
go-on = متابعة
sign-out = تسجيل الخروج
signed-out = تم تسجيل خروجك.
sign-out-elsewhere = الخروج من الأجهزة الأخرى
sign-out-everywhere = الخروج من كل الأجهزة
your-devices = أجهزتك
this-device = هذا الجهاز
your-apps = التطبيقات التي لها وصول
end-app = إزالة
end-app-of = إزالة وصول { $app }
app-since = آخر تسجيل دخول { $ago }
in-use-now = نشط الآن
last-used = آخر نشاط { $ago }
begun = بدأت الجلسة { $ago }
end-session-in = تسجيل الخروج من { $browser }
recent-activity = آخر النشاطات
recent-attempts = الطلبات والمحاولات الفاشلة في آخر سبعة أيام
activity-times = { $what }، { $n ->
    [two] مرتين
    [few] { $n } مرات
   *[other] { $n } مرة
}
activity-times-at-least = { $what }، { $n ->
    [two] مرتين
    [few] { $n } مرات
   *[other] { $n } مرة
} على الأقل
activity-requested = طُلبت رسالة دخول
activity-signed-in = تسجيل دخول
activity-signed-in-link = تسجيل دخول برابط
activity-signed-in-code = تسجيل دخول برمز
activity-signed-in-password = تسجيل دخول بكلمة المرور
activity-signed-in-match = تسجيل دخول برابط فُتح في مكان آخر
activity-signed-out = تسجيل خروج
activity-disputed = أبلغت عن تسجيل دخول ليس لك
activity-password-set = عُيّنت كلمة المرور
activity-password-removed = أُزيلت كلمة المرور
activity-code-wrong = كُتب رمز خاطئ
activity-password-wrong = كُتبت كلمة مرور خاطئة
activity-number-wrong = كُتب رقم خاطئ
activity-too-many = جُرّبت رموز كثيرة
activity-rate-limited = طُلبت رسائل كثيرة
activity-wrong-browser = فُتح رابط في متصفح آخر
activity-old-link = فُتح رابط قديم
activity-old-code = كُتب رمز قديم
activity-cancelled = أُوقف تسجيل دخول
activity-approved = وافقت على الدخول في نافذة أخرى
activity-refused = رُفض تسجيل دخول
unknown-browser = متصفح غير معروف
browser-on = { $browser } على { $system }
password = كلمة المرور
new-password = كلمة مرور جديدة
password-kept = لديك كلمة مرور.
no-password = ليست لديك كلمة مرور.
needs-fresh-sign-in = لتغيير ذلك، سجّل الخروج ثم الدخول من جديد أولًا.
password-optional = اختيارية. بها تسجّل الدخول دون أن تفتح بريدك. تغييرها يسجّل خروجك من كل الأجهزة الأخرى.
keep-password = حفظ كلمة المرور
remove-password = إزالة كلمة المرور
danger = إغلاق الحساب
delete-account = حذف حسابك
delete-account-explained = تنتهي جلساتك فورًا، ويُحذف ما نحفظه عنك هنا خلال يومين. لا يمكن التراجع عن ذلك.
delete-account-confirm = حذف نهائي
deleted-title = تم حذف حسابك
deleted-explained = تم تسجيل خروجك من كل الأجهزة. وما بقي عنك هنا يُحذف خلال يومين، عدا سطور السجل التي أُخفي فيها عنوانك.
consent-title = هل تريد تسجيل الدخول إلى { $app }؟
consent-explained = يطلب { $app } ما يلي:
consent-email = عنوان بريدك الإلكتروني
consent-profile = اسم حسابك، وهو عنوان بريدك الإلكتروني
consent-offline = البقاء مسجّل الدخول في غيابك
consent-allow = سماح
consent-deny = عدم السماح
device-title = تسجيل الدخول على جهاز
device-explained = اكتب الرمز الذي يعرضه الجهاز.
device-code = الرمز الظاهر على الجهاز
device-confirm-title = هل تريد تسجيل الدخول إلى { $app } على جهازك؟
device-warning = لا تتابع إلا إذا بدأت هذا بنفسك الآن على جهاز لك وكان يعرض هذا الرمز. من أرسل إليك الرمز يريد الدخول إلى حسابك.
device-allowed = يمكنك العودة إلى جهازك
device-allowed-explained = سيُسجَّل دخوله خلال ثوانٍ. يمكنك إغلاق هذه الصفحة.
device-denied = لم يُسجَّل دخول الجهاز
device-denied-explained = أُبلغ الجهاز بذلك. يمكنك إغلاق هذه الصفحة.
leave-title = هل تريد تسجيل الخروج من { $brand }؟
leave-app = يطلب { $app } ذلك.
leave-stay = البقاء مسجّل الدخول
host-refused-title = لا يمكنك الدخول إلى { $host }
host-refused-explained = لم يُمنح هذا العنوان حق الدخول إلى { $host }.
host-refused-other = استخدام عنوان آخر
host-again-title = لم يتم تسجيل دخولك إلى { $host } بعد
host-again-explained = استغرق تسجيل الدخول وقتًا طويلًا، أو بدأ في متصفح آخر، أو أن متصفحك لا يحتفظ بملفات تعريف الارتباط الخاصة بـ { $host }.
host-again = حاول مرة أخرى

## مكتب المشغّلين

desk = المكتب
desk-account = حسابك
desk-stale = مضى على تسجيل دخولك أكثر من 15 دقيقة: يمكنك المشاهدة، أما التغييرات فتحتاج تسجيل دخول جديدًا.
desk-test-people = أشخاص الاختبار يسجّلون الدخول برمز ثابت وبلا رسالة: { $people }. أزلهم من [[test_people]] حالما لا يحتاجهم أحد.
desk-sign-in-again = تسجيل الدخول من جديد
desk-reason = السبب
desk-reason-kept = يبقى في سجل التدقيق.
desk-operators = المشغّلون
desk-operators-explained = أسماؤهم في ملف السياسة تحت [desk]، أو أضافهم الأمر latchkey desk invite. لا يصبح أحد مشغّلًا من هنا.
desk-address = العنوان
desk-role = الدور
desk-named-by = مصدره
desk-by-file = ملف السياسة
desk-by-command = latchkey desk invite
desk-by-apps = مُدخله في ملف السياسة تحت [[apps]]
desk-you = أنت
desk-role-look = look: يرى الأرقام والأشخاص
desk-role-help = help: يتصرف أيضًا نيابة عن الأشخاص
desk-role-steer = steer: يغيّر السياسة أيضًا
desk-audit = السجل
audit-event = الحدث
audit-all-events = كل الأحداث
audit-by = المشغّل
audit-by-anybody = الجميع، من المكتب أو من غيره
audit-by-operators = كل المشغّلين
audit-person = الشخص
audit-since = من
audit-until = قبل
audit-times = الأوقات بتوقيت UTC: ‏2026-01-31 أو 2026-01-31T12:00:00Z، أو قبل مدة مثل 30m و12h و7d.
audit-show = عرض
audit-none = لا يوجد حدث كهذا.
audit-pages = صفحات الأحداث
audit-newest = أحدث الأحداث
audit-newer = أحداث أحدث
audit-older = أحداث أقدم
audit-export = تصدير كل ما يعرضه المرشّح:
audit-at = الوقت (UTC)
audit-where = المتصفح والشبكة
audit-request = الطلب
people = الأشخاص
people-question = العنوان أو معرّف المستخدم أو معرّف الطلب
people-explained = العنوان كاملًا، أو بدايته (ada، ada@ex)، أو بداية نطاقه (@exam)، أو معرّف مستخدم، أو معرّف الطلب الظاهر في صفحة الخطأ. يُعثر على البدايات فورًا بين مليون شخص، ولا يُعثر على أحد بوسط العنوان.
people-explained-mapped = العنوان كاملًا، أو معرّف مستخدم سجّل الدخول من قبل، أو معرّف الطلب الظاهر في صفحة الخطأ. المستخدمون في جدولك الخاص، ولا يُبحث فيه إلا بالعنوان الكامل.
people-find = بحث
people-nobody = لم يُعثر على أحد. تحقق من الكتابة، أو اكتب العنوان كاملًا.
people-more = المزيد
people-request = ما حدث في هذا الطلب
people-address-gone = لم يعد العنوان محفوظًا: اسأل الشخص عنه وابحث به.
person = شخص
person-id = معرّف المستخدم
person-since = مستخدم منذ
person-since-date = { $date }، { $ago }
person-mapped = مستخدم في جدولك الخاص
person-no-user = ليس مستخدمًا: لم يسجّل أحد الدخول بهذا العنوان
person-last-sign-in = آخر تسجيل دخول
person-never = لا شيء محفوظ
person-test = شخص للاختبار
person-operator = مشغّل: { $role }
person-disabled = معطّل
person-ban = معطّل
person-disabled-since = منذ { $when }: لا تصله رسائل ولا يمكنه تسجيل الدخول
person-held-back = الرسائل محجوبة
person-held-back-until = حتى { $until }، لأن إحداها رُدّت: «{ $said }»
person-complained = إلى أن يُرفع ذلك، لأن إحداها وُسمت كبريد مزعج
person-mails = الرسائل
person-mails-left = { $n } أخرى في هذه الساعة للمتصفحات الجديدة على العنوان
person-no-mail-until = لا شيء قبل { $until } للمتصفحات الجديدة على العنوان
person-waiting = في الانتظار
person-waiting-mails = { $n ->
    [one] رسالة تنتظر الإرسال بعد { $attempts } محاولات
   *[other] { $n } رسائل تنتظر الإرسال، إحداها بعد { $attempts } محاولات
}
person-codes = الرموز
person-codes-work = غير متوقفة
person-codes-paused = متوقفة حتى { $until } للمتصفحات الجديدة على العنوان؛ الروابط تعمل
person-codes-paused-for = متوقفة حتى { $until } لـ { $network }؛ الروابط تعمل
person-devices = تسجيلات الدخول
person-no-sessions = لا شيء.
person-acts = التصرف لهذا الشخص
timeline = ما حدث
timeline-empty = لا شيء محفوظ من هذا.
timeline-by = بواسطة { $name }
timeline-asked-for = { $mode ->
    [LINK] طُلبت رسالة دخول برابط صالح لمدة { $lifetime }
    [OTP] طُلبت رسالة دخول برمز صالح لمدة { $lifetime }
   *[other] طُلبت رسالة دخول برابط ورمز صالحين لمدة { $lifetime }
}
timeline-policy-then = السياسة آنذاك: { $keys }
timeline-policy-key = { $key } { $then } (الآن { $now })
timeline-policy-unknown = السياسة آنذاك: لم تعد معروفة
timeline-not-admitted = رُفض: الرابط أو الرمز صحيح، لكن العنوان لا يُسمح له بتسجيل الدخول
timeline-test-person = تسجيل دخول بالرمز الثابت لشخص الاختبار
timeline-verified = أُثبت العنوان لتطبيق
timeline-mail-sent = قبل نظام البريد الرسالة
timeline-mail-delayed = تأخرت الرسالة
timeline-mail-of-test-person = لم تُرسل الرسالة: لا تصل رسائل إلى شخص الاختبار
timeline-mail-withheld = لم تُرسل الرسالة: لا يُسمح للعنوان بتسجيل الدخول
timeline-mail-failed = لم تُسلّم الرسالة
timeline-mail-returned = رُدّت الرسالة
timeline-mail-complaint = وُسمت الرسالة كبريد مزعج
timeline-suppression-lifted = تُرسل الرسائل من جديد
timeline-user-added = أُضيف المستخدم
timeline-user-deleted = حُذف المستخدم
timeline-user-disabled = عُطّل المستخدم
timeline-user-enabled = فُعّل المستخدم
timeline-codes-paused = أُوقفت الرموز وكلمات المرور
timeline-opened = فُتح في المكتب
timeline-desk-mail = أُرسلت رسالة دخول من المكتب
timeline-link-opened = فُتح الرابط دون تسجيل دخول، ربما في متصفح آخر أو بواسطة فاحص بريد
timeline-invited = دُعي
timeline-invitation-resent = دُعي مرة أخرى
timeline-invitation-withdrawn = سُحبت الدعوة
timeline-invitation-accepted = قُبلت الدعوة
timeline-waitlist = في قائمة الانتظار
timeline-waitlist-removed = أُزيل من قائمة الانتظار
timeline-operator-added = صار مشغّلًا للمكتب
timeline-operator-removed = لم يعد مشغّلًا للمكتب
timeline-operator-refused = حاول دخول المكتب ورُفض
diagnosis-disabled = معطّل منذ { $when }: لا تُرسل رسائل ولا ينجح تسجيل دخول.
diagnosis-nothing = لم تُطلب رسالة في آخر { $days } يومًا.
diagnosis-signed-in = نجحت آخر محاولة في { $when }.
diagnosis-cancelled = أُوقف آخر تسجيل دخول من الرسالة في { $when }.
diagnosis-paused = الرموز متوقفة حتى { $until }: الرابط في الرسالة يعمل.
diagnosis-not-admitted = رُفضت آخر محاولة في { $when }: لا يُسمح للعنوان بتسجيل الدخول.
diagnosis-refused = رُفضت آخر محاولة في { $when }: { $what }.
diagnosis-returned = رُدّت رسالة { $mail }: «{ $said }».
diagnosis-complaint = وُسمت رسالة { $mail } كبريد مزعج، لذلك لا تُرسل غيرها.
diagnosis-delayed = تأخرت رسالة { $mail }: «{ $said }».
diagnosis-withheld = لم تُرسل رسالة { $mail }: لا يُسمح للعنوان بتسجيل الدخول.
diagnosis-test = لم تُرسل رسالة { $mail }: شخص الاختبار يسجّل الدخول برمز ثابت.
diagnosis-held-back = حُجبت رسالة { $mail } لأن رسائل سابقة رُدّت: «{ $said }».
diagnosis-failed = لم تُسلّم رسالة { $mail }: «{ $said }».
diagnosis-unused = قبل نظام البريد رسالة { $mail }، ولم يُستخدم رابطها ولا رمزها.
diagnosis-waits = رسالة { $mail } تنتظر الإرسال.
timeline-exported = صدّر أحد المشغّلين هذه الأحداث
ticket = نسخ كنص لتذكرة
ticket-explained = بلا العنوان الكامل وبلا أي سر
ticket-copy = نسخ
ticket-who = الشخص { $address }، معرّف المستخدم { $id }
act-send-mail = إرسال رسالة دخول
act-send-mail-explained = يُفتح رابطها في أي متصفح، وفيه يؤكد الشخص تسجيل الدخول. لا تحصل أنت على رابط ولا جلسة.
act-end-sessions = إنهاء كل الجلسات
act-end-sessions-explained = يُسجَّل خروجه من كل مكان، ويُعدّ كل متصفح جديدًا من جديد.
act-pause-codes = إيقاف الرموز لساعة
act-pause-codes-explained = لا يعمل رمز ولا كلمة مرور في المتصفحات الجديدة على العنوان. الروابط تعمل، وكذلك الرموز في المتصفحات التي سجّلت الدخول من قبل.
act-lift = استئناف إرسال الرسائل
act-lift-explained = يرفع ما يحجب الرسائل هنا وفي قوائم مزودي البريد.
act-disable = تعطيل
act-disable-explained = تنتهي الجلسات، ولا تُرسل رسائل، ولا يسجّل أحد الدخول بهذا العنوان.
act-enable = تفعيل
act-enable-explained = يرفع الحظر. الجلسات المنتهية تبقى منتهية.
act-delete = حذف
act-delete-explained = يحذف فورًا المستخدم والجلسات ووصول التطبيقات وتسجيلات الدخول المعلّقة والرسائل، والباقي خلال يومين. يبقى حظر العنوان، وما يحجب الرسائل، وأحداث سجل التدقيق بعنوان مخفي حتى تقدُم. لا يمكن التراجع عن ذلك.
done-send-mail = الرسالة في الطريق.
done-end-sessions = انتهت كل الجلسات.
done-pause-codes = الرموز متوقفة لساعة.
done-lift = تُرسل الرسائل من جديد.
done-disable = الشخص معطّل.
done-enable = يمكن للشخص تسجيل الدخول من جديد.
done-delete = حُذف المستخدم.
done-remove = لم يعد هذا الشخص ينتظر.
desk-now = الآن
desk-now-range = المدة
desk-now-day = 24 ساعة
desk-now-week = 7 أيام
desk-now-month = 30 يومًا
desk-now-explained = محسوبة من سجل التدقيق بعد ثوانٍ من حدوثها. الساعات والأيام بالتوقيت العالمي UTC.
desk-acts = ما يمكنك فعله
desk-acts-explained = يفتح كل رابط صفحة السياسة وفيها التغيير مُعبّأ. لا يتغيّر شيء قبل أن تطبّقه هناك.
desk-pause-sign-up = إيقاف تسجيل الجدد مؤقتًا
desk-open-sign-up = فتح تسجيل الجدد من جديد
desk-attack = وضع الهجوم
desk-calm = إنهاء وضع الهجوم
desk-block = حظر تسجيل الجدد
desk-blocked = تسجيل الجدد محظور
desk-funnel = من الطلب إلى تسجيل الدخول
desk-funnel-told = طُلبت { $asked } رسالة، وأُرسلت { $sent }، وفُتحت { $opened }، وسجّلت { $signedin } منها دخول شخص ما.
desk-step = الخطوة
desk-number = العدد
desk-share = من المطلوب
desk-asked = طُلبت
desk-sent = أُرسلت
desk-opened = فُتحت
desk-signed-in = سُجّل الدخول
desk-course = عبر الزمن
desk-course-told = الأعمدة العريضة: الرسائل المطلوبة. والضيقة أمامها: عمليات تسجيل الدخول. الأحدث في الآخر.
desk-course-numbers = الأرقام
desk-time = تبدأ عند
desk-took = الوقت المستغرق
desk-to-session = من الطلب إلى تسجيل الدخول
desk-to-mail-server = من الطلب حتى يستلم خادم البريد الرسالة
desk-median = الوسيط
desk-p95 = 95 من كل 100 خلال
desk-by-domain = حسب نطاق المستلم
desk-domain = النطاق
desk-others = كل ما سواها
desk-returned = عادت
desk-complaints = أُبلغ عنها كبريد مزعج
desk-by-method = حسب الطريقة
desk-method = الطريقة
desk-method-link = الرابط
desk-method-code = الرمز
desk-method-match = الرقم
desk-method-password = كلمة المرور
desk-method-test-person = شخص اختبار
desk-by-app = حسب التطبيق
desk-app = التطبيق
desk-own-pages = صفحة تسجيل الدخول
desk-refusals = المرفوض
desk-refused-because = السبب
desk-mail = البريد
desk-queue = { $n ->
    [one] رسالة واحدة تنتظر الإرسال. طُلبت { $ago }.
   *[other] { $n } رسالة تنتظر الإرسال. أقدمها طُلبت { $ago }.
}
desk-queue-empty = لا رسالة تنتظر الإرسال.
desk-retry = إعادة المحاولة الآن
desk-retry-explained = تُرسل كل رسالة منتظرة حالما تقبلها وسيلة إرسال، بدل أن تنتظر دورها.
desk-retried = { $n ->
    [one] تُعاد محاولة إرسال رسالة واحدة.
   *[other] تُعاد محاولة إرسال { $n } رسالة.
}
desk-transport = وسيلة الإرسال
desk-health = كما تعرفها هذه النسخة
desk-well = تقبل الرسائل
desk-refuses-us = لا تقبل الرسائل؛ محاولة جديدة خلال { $duration }
desk-pass-over = تخطٍّ
desk-use-again = استخدام من جديد
desk-passed-over = لا تصلها رسائل جديدة
desk-of-sent = { $share } من الرسائل المرسلة ({ $n })
desk-above-line = فوق الحد
desk-complaint-line = يحجز Gmail وYahoo رسائل المرسلين إذا بُلّغ عن { $line } أو أكثر منها كبريد مزعج.
desk-nothing-yet = لا شيء في هذه المدة.
desk-invitations = الدعوات
desk-invitation = دعوة
desk-all-invitations = كل الدعوات
desk-no-invitations = لم يُدعَ أحد بعد.
desk-invite = دعوة شخص
desk-invite-press = إرسال الدعوة
desk-note = كلمات للرسالة، إن شئت
desk-language = اللغة
desk-state = الحالة
desk-invited = وقت الدعوة
desk-open-until = مفتوحة حتى
desk-mails = الرسائل
desk-newest-mail = أحدث رسالة
desk-older = الأقدم
desk-later = التالية
desk-invitation-open = مفتوحة
desk-invitation-accepted = مقبولة
desk-invitation-withdrawn = مسحوبة
desk-invitation-expired = منتهية الصلاحية
desk-invited-before = سبقت دعوة هذا العنوان، ولذلك لم يُرسل شيء.
desk-resend = إرسال الدعوة مرة أخرى
desk-withdraw = سحب الدعوة
desk-mail-sent = أُرسلت
desk-mail-queued = تنتظر الإرسال
desk-mail-returned = عادت
desk-mail-suppressed = محتجزة، فقد عادت رسائل سابقة
desk-mail-failed = لم تُرسل
desk-mail-gone = لم تعد معروفة
desk-waitlist = قائمة الانتظار
desk-waitlist-explained = طلب هؤلاء تسجيل الدخول بينما كان الجدد يوضعون في قائمة الانتظار. من يُقبل منهم تصله دعوة.
desk-whole-waitlist = قائمة الانتظار كاملة
desk-nobody-waits = لا أحد ينتظر.
desk-waits = على قائمة الانتظار
desk-first-asked = أول طلب
desk-last-asked = آخر طلب
desk-times = عدد الطلبات
desk-let-in = قبول
desk-remove = إزالة من القائمة
desk-remove-explained = لا يُخبَر الشخص بشيء ولا يلاحظ أي فرق، ويمكنه أن يطلب من جديد.
desk-steer = السياسة
desk-steer-explained = ملف السياسة هو الأساس. ما يُضبط هنا يسري بدلًا منه على كل الخوادم إلى أن يُسحب.
desk-steer-closed = لا يسمح ملف السياسة بأي تغيير هنا (desk.may_steer).
desk-steer-groups = مجموعات المفاتيح
desk-steer-edited = هذه القيم لم تسرِ بعد: اذكر السبب ثم طبّقها.
desk-steer-language = لغة المعاينة
desk-steer-look = معاينة
desk-steer-apply = تطبيق
desk-steer-default = القيمة الافتراضية
desk-steer-file = ملف السياسة
desk-steer-file-line = ملف السياسة، السطر { $line }
desk-steer-variable = يثبّته المتغير { $name }
desk-steer-override = ضبطه { $operator }، { $date }: { $reason }
desk-steer-page = صفحة تسجيل الدخول
desk-steer-mail = رسالة البريد
desk-steer-subject = الموضوع: { $subject }
desk-steer-light = فاتح
desk-steer-dark = داكن
desk-steer-left-out = هذه التغييرات غير سارية. اسحبها أو اجعلها ممكنة من جديد.
desk-steer-overrides = التغييرات فوق الملف
desk-steer-none = لا يوجد شيء.
desk-steer-key = المفتاح
desk-steer-in-file = من دونه
desk-steer-laid = معه
desk-steer-take-back = سحب
desk-steer-download = تنزيل بصيغة TOML لملف السياسة
desk-steer-changes = السجل
desk-steer-when = متى
desk-steer-old = قبل
desk-steer-new = بعد
desk-steer-how = كيف
desk-steer-was-set = ضبطه { $operator }
desk-steer-was-taken-back = سحبه { $operator }
desk-steer-unset = غير مضبوط
desk-steer-older = تغييرات أقدم
desk-steer-nothing = لن يتغير شيء.

## الأخطاء

not-found = غير موجودة
no-such-page = هذه الصفحة غير موجودة
no-such-page-explained = ربما كُتب العنوان خطأ، أو انتقلت الصفحة.
to-the-start = إلى الصفحة الرئيسية
sorry = عذرًا
did-not-work = عذرًا، لم ينجح ذلك
try-again = إعادة المحاولة

error-invalid-email = تحقق من كتابة عنوان البريد الإلكتروني.
error-missing-reason = اذكر السبب: يبقى في سجل التدقيق.
error-missing-field = هناك حقل ناقص: { $field }. املأه ثم حاول مرة أخرى.
error-missing-email = اكتب عنوان بريدك الإلكتروني.
error-missing-code = اكتب الأرقام الستة التي في الرسالة.
error-missing-password = اكتب كلمة مرورك.
error-missing-number = اكتب الرقم الذي تعرضه النافذة الأخرى.
error-invalid-request = { $detail }
error-link-expired = انتهت صلاحية هذا الرابط. اطلب رابطًا جديدًا، فلن يستغرق ذلك سوى لحظة.
error-link-used = استُخدم هذا الرابط من قبل. اطلب رابطًا جديدًا لتسجّل الدخول مرة أخرى.
error-link-invalid = هذا الرابط غير صالح. ربما قُطع في الرسالة: انسخ الرابط كاملًا، أو اطلب رابطًا جديدًا.
error-link-superseded = حلّت رسالة أحدث محل هذا الرابط. افتح أحدث رسالة، أو اطلب واحدة جديدة.
error-wrong-browser = { $mode ->
    [LINK] افتح هذا الرابط في المتصفح الذي طلبته منه.
   *[other] افتح هذا الرابط في المتصفح الذي طلبته منه، أو اكتب هناك الرمز الذي في الرسالة.
}
error-code-wrong = هذا الرمز غير صحيح. { $n ->
    [one] بقيت محاولة واحدة.
    [two] بقيت محاولتان.
    [few] بقيت { $n } محاولات.
   *[other] بقيت { $n } محاولة.
}
error-password-wrong = عنوان البريد أو كلمة المرور غير صحيح. اترك كلمة المرور فارغة لتصلك رسالة بدلًا من ذلك.
error-number-wrong = اطلب رسالة جديدة في النافذة الأخرى: ليس هذا هو الرقم الذي تعرضه، ولذلك أُوقف تسجيل الدخول هذا.
error-code-expired = لم يعد هذا الرمز صالحًا. اطلب رمزًا جديدًا، فلن يستغرق ذلك سوى لحظة.
error-code-superseded = حلّت رسالة أحدث محل هذا الرمز. اكتب الرمز الذي في أحدث رسالة.
error-invitation-over = انتهت صلاحية هذه الدعوة أو سُحبت. اطلب دعوة جديدة ممن دعاك.
error-invitation-wrong = لا توجد دعوة مفتوحة بهذا العنوان وهذا الرمز. تحقق منهما، أو افتح الرابط الذي في الرسالة.
error-too-many-attempts = { $instead ->
    [next-link] رموز خاطئة كثيرة. أُوقف هذا الرمز: اطلب رسالة جديدة، وستحمل رابطًا بدلًا منه.
    [nothing] رموز خاطئة كثيرة. أُوقف هذا الرمز: اطلب رسالة جديدة.
   *[other] رموز خاطئة كثيرة. أُوقف هذا الرمز: افتح الرابط الذي في الرسالة، أو اطلب رسالة جديدة.
}
error-codes-paused = { $instead ->
    [next-link] رموز خاطئة كثيرة لهذا العنوان. اطلب رسالة جديدة، وستحمل رابطًا بدلًا من الرمز، أو جرّب رمزًا من جديد بعد { $duration }.
    [nothing] رموز خاطئة كثيرة لهذا العنوان. جرّب رمزًا من جديد بعد { $duration }.
   *[other] رموز خاطئة كثيرة لهذا العنوان. افتح الرابط الذي في الرسالة، أو جرّب رمزًا من جديد بعد { $duration }.
}
error-rate-limited = هذه طلبات كثيرة. حاول مرة أخرى بعد { $duration }.
error-unauthenticated = لم تسجّل الدخول. سجّل الدخول ثم حاول مرة أخرى.
error-app-needed = أرسل رمز الوصول الخاص بتطبيق في الترويسة Authorization: Bearer. يعطيه POST /oauth/token مقابل grant_type=client_credentials.
error-request-unknown = لم يُعثر على تسجيل الدخول هذا. اطلب رسالة جديدة.
error-forbidden-origin = جاء هذا الطلب من موقع آخر، ولذلك رُفض. افتح الصفحة هنا ثم حاول مرة أخرى.
error-forbidden = دورك لا يسمح بهذا. اطلبه ممن له دور أعلى.
error-fresh-sign-in-needed = سجّل الدخول من جديد لهذا: التغييرات في المكتب تحتاج تسجيل دخول خلال آخر 15 دقيقة.
error-not-found = لا يوجد شيء هنا بهذا الاسم. ربما لم يعد موجودًا: تحقق منه وحاول مرة أخرى.
error-payload-too-large = هذا أكثر مما تقبله الصفحة. أرسل أقل.
error-unavailable = لا يمكننا ذلك الآن. لم يضع شيء: حاول مرة أخرى بعد بضع ثوانٍ.
error-internal = حدث خطأ لدينا. حاول مرة أخرى، وأخبرنا إن تكرر.

detail-wrong-shape = أحد حقول النموذج له صيغة خاطئة.
detail-six-digits = الرمز من ستة أرقام.
detail-two-digits = الرقم من خانتين.
detail-no-passwords = لا كلمات مرور في هذا الموقع. اترك كلمة المرور فارغة لتصلك رسالة.
detail-password-needs-fresh-sign-in = تعيين كلمة مرور يتطلب تسجيل دخول حديثًا: سجّل الخروج، ثم الدخول، ثم حاول مرة أخرى.
detail-password-length = اختر كلمة مرور من { $shortest } إلى { $longest } حرفًا: هذه من { $length }.
detail-password-known = اختر كلمة مرور أطول أو أقل شيوعًا: هذه من أول ما يجرّبه أي أحد.
detail-no-sign-in = ابدأ بعنوان بريدك الإلكتروني: لا يوجد تسجيل دخول يمكن إعادة إرساله.
detail-no-session = هذه الجلسة غير موجودة. ربما انتهت.
detail-not-yourself = اطلب ذلك من مشغّل آخر: لا يفعل أحد هذا بحسابه.
detail-no-sessions = لا توجد جلسة لإنهائها.
detail-desk-mail-needs-links = لا تحمل الرسائل هنا إلا رموزًا (auth.mode)، ولا ينتظر أي متصفح رمزًا: اطلب من الشخص أن يبدأ من صفحة تسجيل الدخول.
detail-desk-mail-to-nobody = فعّل هذا الشخص أو ادعُه أولًا: لا تصل رسالة دخول إلى هذا العنوان لأنه لا يُسمح له بتسجيل الدخول أو لأنه لشخص اختبار.
detail-desk-mail-held-back = ارفع أولًا ما يحجب الرسائل: رُدّت رسائل سابقة إلى هذا العنوان.
detail-provider-list = حاول مرة أخرى: لم تعد الرسائل محجوبة هنا، لكن قائمة أحد المزودين لم تتغير ({ $lists }).
detail-not-held-back = لم يكن شيء يحجب الرسائل عن هذا العنوان.
detail-deletion-needs-fresh-sign-in = حذف الحساب يتطلب تسجيل دخول حديثًا: سجّل الخروج، ثم الدخول، ثم حاول مرة أخرى.
detail-mapped-account = حسابك تابع للموقع نفسه، ويُحذف هناك.
detail-mapped-users = يشير [users] إلى جدول خاص بك لا يكتب فيه Latchkey أبدًا: أضف المستخدمين واحذفهم هناك.
detail-no-user = لا يوجد مستخدم بهذا العنوان.
detail-not-kept-out = لا يوجد مستخدم محظور بهذا العنوان.
detail-no-app-request = عُد إلى التطبيق وابدأ من جديد هناك: لم يبدأ هذا المتصفح تسجيل الدخول ذاك، أو استغرق وقتًا طويلًا.
detail-device-code = يتكوّن الرمز من ثمانية أحرف، مثل WDJB-MJHT.
detail-no-device = قارن الرمز بالرمز الظاهر على جهازك. إن كانا متطابقين فقد انتهت صلاحيته: ابدأ من جديد هناك.
detail-not-admitted = لا يُسمح لحسابك بتسجيل الدخول إلى { $app }. اسأل من يديره.
detail-no-password-for-test-people = ليس لأشخاص الاختبار كلمة مرور: رمزهم في السياسة.
detail-reason-too-long = يجب ألا يزيد السبب عن { $n } حرفًا.
detail-waits-no-more = لم يعد هذا الشخص ينتظر: إما قُبل أو أُزيل أو دُعي أو سجّل الدخول.
detail-no-time = اكتب الأوقات هكذا: 2026-01-31 أو 2026-01-31T12:00:00Z أو 12h أو 7d.
detail-no-event = لا يوجد حدث بهذا الاسم. تجد الأسماء في الصفحة /desk/audit.
detail-no-mail-waits = لا رسالة تنتظر: أُرسلت كلها أو تُرسل الآن.
detail-no-place = أرسل { $field } كما ورد في { $given } من الجواب السابق.
detail-two-places = أرسل before أو after، وليس كليهما.
detail-no-guarded-host = ارجع إلى الصفحة التي أردت فتحها وافتحها من جديد: العنوان الذي جاء بك إلى هنا لا يخص موقعًا يسجَّل الدخول إليه من هنا.

## الرسائل

mail-subject-code = { $code } هو رمزك للدخول إلى { $brand }
mail-subject-link = رابط دخولك إلى { $brand }
mail-subject-sign-up = رابط تسجيلك في { $brand }
mail-sign-up-title = أكمل تسجيلك في { $brand }
mail-open-link = افتح هذا الرابط في المتصفح الذي بدأت فيه
mail-press = اضغط «{ $button }» أدناه، في المتصفح الذي بدأت فيه.
mail-or-type = أو اكتب هناك هذا الرمز
mail-type = اكتب هذا الرمز حيث طلبته
mail-once = صالح لتسجيل دخول واحد، ولمدة { $lifetime }.
mail-preview-both = { $code }، أو ضغطة واحدة. صالح لمدة { $lifetime }.
mail-preview-link = اضغط الزر لتسجيل الدخول. الرابط صالح لمدة { $lifetime }.
mail-preview-code = صالح لمرة واحدة، ولمدة { $lifetime }.
mail-asked = طُلب لـ { $address }، في { $browser }، من عنوان IP { $network }، في { $date }.
mail-asked-by-app = طلبه { $app } لـ { $address }، في { $date }.
mail-asked-by-operator = أرسلها فريق { $brand } إلى { $address } بتاريخ { $date }.
mail-open-link-anywhere = افتح هذا الرابط في المتصفح الذي تريد تسجيل الدخول فيه
mail-press-anywhere = اضغط «{ $button }» أدناه، وأكّد ذلك في المتصفح.
mail-not-you = ألم تكن أنت؟ تجاهل هذه الرسالة: لا يمكن لأحد أن يدخل من دونها.
mail-not-you-press = أو أوقف تسجيل الدخول
mail-copy-link = إن لم يعمل الزر، فانسخ هذا الرابط
mail-help = المساعدة: { $support }
mail-new-device-title = تسجيل دخول جديد إلى { $brand }
mail-new-device-preview = { $browser }، { $date }. ألم تكن أنت؟ أنهِ تلك الجلسة.
mail-new-device-explained = سجّل شخص ما الدخول الآن باسم { $address }: { $browser }، من عنوان IP { $network }، في { $date }. لا نعرف هذا المتصفح بعد.
mail-new-device-by-app = سجّل شخص ما الدخول الآن باسم { $address }، عبر { $app }، في { $date }. لم نر ذلك من قبل.
mail-new-device-fine = إن كنت أنت، فلا داعي لفعل شيء. وإن لم تكن، فاضغط الزر: في الصفحة التالية تنهي تلك الجلسة، ويمكنك أيضًا تسجيل الخروج من أجهزتك الأخرى وإزالة كلمة مرورك.
mail-new-device-press = لم أكن أنا: أنهِ تلك الجلسة
mail-password-set-title = عُيّنت كلمة مرورك في { $brand }
mail-password-removed-title = أُزيلت كلمة مرورك في { $brand }
mail-password-preview = { $browser }، { $date }. ألم تكن أنت؟ تراجع عن ذلك.
mail-password-set-explained = عُيّنت الآن كلمة مرور { $address }: { $browser }، من عنوان IP { $network }، في { $date }.
mail-password-removed-explained = أُزيلت الآن كلمة مرور { $address }: { $browser }، من عنوان IP { $network }، في { $date }.
mail-password-fine = إن كنت أنت، فلا داعي لفعل شيء. وإن لم تكن، فاضغط الزر: في الصفحة التالية تزيل كلمة المرور وتنهي تلك الجلسة، ويمكنك أيضًا تسجيل الخروج من كل الأجهزة الأخرى.
mail-invitation-title = أنت مدعو إلى { $brand }
mail-invitation-by = دعا { $by } العنوان { $address } إلى { $brand }.
mail-invitation-to = العنوان { $address } مدعو إلى { $brand }.
mail-invitation-preview = اقبل الدعوة بضغطة واحدة، خلال { $lifetime }.
mail-invitation-open = افتح هذا الرابط، واضغط الزر في تلك الصفحة
mail-invitation-accept = عرض الدعوة
mail-invitation-type = أو اكتب عنوانك وهذا الرمز في { $page }
mail-invitation-ignore = لا تعرف من أرسل هذه الدعوة، أو لا تريدها؟ تجاهل هذه الرسالة: لا يحدث شيء من دونك.
mail-waitlist-title = أنت على قائمة انتظار { $brand }
mail-waitlist-preview = سنكتب إليك حالما يمكنك تسجيل الدخول.
mail-waitlist-explained = طلب شخص ما تسجيل الدخول إلى { $brand } بالعنوان { $address }، في { $date }. لا يُقبل أحد جديد فورًا في الوقت الحالي، ولذلك أُضيف هذا العنوان إلى قائمة الانتظار.
mail-waitlist-next = حالما يحين دورك تصلك دعوة بالبريد. لا داعي لفعل شيء حتى ذلك الحين.
mail-waitlist-ignore = ألم تكن أنت؟ تجاهل هذه الرسالة: لن تصلك رسالة أخرى حتى تُدعى.
