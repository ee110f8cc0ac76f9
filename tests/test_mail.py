"""What mail programs add is found; what the author wrote is not."""

import pytest

from detractor.mail import find_quotes, find_signatures


def left(text: str, find: object) -> str:
    kept, done = [], 0
    for start, end in find(text):
        kept.append(text[done:start])
        done = end
    return "".join([*kept, text[done:]]).strip()


HEADINGS = {
    "gmail": "On Mon, 3 May 2026 at 10:02, Support <help@acme.test> wrote:",
    "gmail broken": "On Mon, 3 May 2026 at 10:02, Acme Customer Support\n<help@acme.test> wrote:",
    "french": "Le lun. 3 mai 2026 à 10:02, Support <aide@acme.test> a écrit :",
    "german": "Am 03.05.2026 um 10:02 schrieb Support <hilfe@acme.test>:",
    "spanish": "El lun, 3 may 2026 a las 10:02, Soporte (<a@acme.test>) escribió:",
    "portuguese": "Em seg., 3 de mai. de 2026 às 10:02, Suporte <a@acme.test> escreveu:",
    "italian": "Il giorno lun 3 mag 2026 alle 10:02 Supporto <a@acme.test> ha scritto:",
    "dutch": "Op ma 3 mei 2026 om 10:02 schreef Support <a@acme.test>:",
    "outlook": "-----Original Message-----",
    "outlook german": "-----Ursprüngliche Nachricht-----",
    "outlook french": "-----Message d'origine-----",
    "outlook spanish": "-----Mensaje original-----",
    "forwarded": "---------- Forwarded message ---------",
    "apple": "Begin forwarded message:",
    "headers": "From: Support\nSent: Monday, 3 May 2026 10:02\nTo: Jo Doe\nSubject: Your ticket",
    "headers bold": "*From:* Support\n*Sent:* Monday\n*To:* Jo\n*Subject:* Your ticket",
    "headers german": "Von: Support\nGesendet: Montag\nAn: Jo\nBetreff: Ihr Anliegen",
    "headers french": "De : Support\nEnvoyé : lundi\nÀ : Jo\nObjet : Votre demande",
}


@pytest.mark.parametrize("heading", HEADINGS.values(), ids=HEADINGS)
def test_quoted_mail_goes_from_its_heading_on(heading: str) -> None:
    text = f"It is still broken.\n\n{heading}\n\nWe have fixed it.\nThe team"
    assert left(text, find_quotes) == "It is still broken."


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["unix", "windows"])
def test_answers_between_quoted_lines_stay(ending: str) -> None:
    lines = [
        "On 3 May 2026, Support wrote:",
        "> Did it arrive?",
        "No, it did not.",
        "> Was it whole?",
        "> And on time?",
        "Neither.",
    ]
    assert left(ending.join(lines), find_quotes).split(ending) == ["No, it did not.", "Neither."]


OWN_WORDS = {
    "colon": "What I said: cancel it.\nWhat they did: nothing.",
    "wrote": "On 3 May I wrote:\nplease cancel.\nNobody answered.",
    "wrote with a year": "On 3 May 2026 I wrote:\nplease cancel.\nNobody answered.",
    "wrote without date": "On Monday the manager wrote:\nyou are wrong.\nHow rude.",
    "own list": "My complaints:\n> slow\n> rude\n> dirty",
    "one marked line": "The app says\n> Error\nevery time.",
    "more than": "Waited\n> 3 weeks\n> 2 calls",
    "emoticon": "Terrible\n>:(\n>:(",
    "from": "From: the airport\nto the hotel it took hours.",
    "dash list": "- slow\n- rude\n-- and dirty",
}


@pytest.mark.parametrize("text", OWN_WORDS.values(), ids=OWN_WORDS)
def test_the_authors_own_words_are_no_quotation(text: str) -> None:
    assert left(text, find_quotes) == text


SIGNATURES = {
    "delimiter": "-- \nJo Doe\nHead of Things, Acme\n+44 20 7946 0018",
    "regards": "Kind regards,\nJo Doe",
    "one line": "Best regards, Jo Doe",
    "two forms": "With kind regards\n\nJo\n\nSent from my iPhone",
    "german": "Mit freundlichen Grüßen\nJo Doe",
    "german ascii": "Viele Gruesse,\nJo",
    "french": "Cordialement,\nJo Doe",
    "spanish": "Un saludo,\nJo",
    "portuguese": "Atenciosamente,\nJo",
    "iphone": "Sent from my iPhone",
    "german phone": "Von meinem iPhone gesendet",
    "french phone": "Envoyé de mon iPhone",
    "spanish phone": "Enviado desde mi iPhone",
    "portuguese phone": "Enviado do meu iPhone",
    "outlook": "Get Outlook for iOS",
    "yahoo": "Sent from Yahoo Mail for iPhone",
    "notice": "This e-mail and any attachments are confidential and intended solely for Jo.\nBye",
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_signatures_go(signature: str) -> None:
    text = f"Please cancel it.\n\n{signature}"
    assert left(text, find_signatures) == "Please cancel it."


OWN_ENDINGS = {
    "postscript": "Cancel it.\nKind regards,\nJo\nP.S. I want my money back.",
    "sentence below": "Cancel it.\nRegards,\nI will not come back to you again.",
    "long tail": "One\n--\n" + "\n".join(["a line of mine"] * 20),
    "within": "Give my kind regards to Jo.\nShe helped.",
    "regards to": "Cancel it.\nRegards to your boss, who lied to me about it all",
    "thanks": "Thanks for nothing,\nJo",
    "sent back": "Refund me.\nSent back my iPhone in May, no refund since then!",
    "sent": "Hello.\nSent from the warehouse without a box",
    "message": "Hello.\nThis message is intended to warn others",
}


@pytest.mark.parametrize("text", OWN_ENDINGS.values(), ids=OWN_ENDINGS)
def test_the_authors_own_ending_stays(text: str) -> None:
    assert left(text, find_signatures) == text
