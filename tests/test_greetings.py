"""Who wrote a text, and whom its reply greets."""

import pytest

from detractor.greetings import find_wrong_name, message_span

RIGHT = [
    ("Dear Tom, sorry.", "It broke. Regards, Tom"),
    ("Dear Ms Carvalho, sorry.", "It broke. Kind regards, Beatriz Carvalho"),
    ("Dear Ms Lund, sorry.", "It broke. - Ida"),
    ("Dear Beatriz Carvalho, sorry.", "It broke. Love, Beatriz"),
    ("Hi José, sorry.", "It broke. Jose"),
    ("Hi, pharmacist here.", "It broke. Regards, Hana"),
    ("Dear customer, sorry.", "It broke. Regards, Hana"),
    ("Dear Mrs Van Dijk, sorry.", "It broke."),
    ("Hi Tom, sorry.", "It broke. Disgraceful!"),
    ("Sorry, Tom.", "It broke. Regards, Sonny"),
    ("", ""),
    ("Dear Katherine, sorry.", "It broke. Kate"),
    ("Dear Rosalind, sorry.", "It broke. Ros Kemp"),
    ("Dear Ms Quill, sorry.", "It broke. Thanks"),
    ("Dear Ms Quill, sorry.", "I am stuck. London"),
    ("Dear Ms Quill, sorry.", "It is late. Order 12"),
    ("Dear Ms Quill, sorry.", "It broke. Samsung Galaxy"),
    ("Dear Mr Smith, sorry.", "It broke. Regards, J. Smith"),
    ("Hi Hamish, sorry.", "It broke. Thx, Hamish"),
    ("Dear tenant, sorry.", "It leaks. F. Yilmaz"),
    ("Dear Reverend Thwaite, sorry.", "It wheezes. Rev. Alban Thwaite"),
    ("Hello, Harold! Sorry.", "It broke.\nThanks"),
    ("I asked our manager, Priya, to ring. Sorry.", "It broke. Regards, Tom"),
    ("Ouch, sorry.", "It broke. Regards, Tom"),
    ("Sorry Priya, it is late.", "Priya in your shop was rude. Regards, Tom"),
    ("Dear Ms Marlow, sorry.", "It broke. Judith Marlow-Reed"),
]


@pytest.mark.parametrize(("draft", "about"), RIGHT)
def test_right_names_and_none_are_left_alone(draft: str, about: str) -> None:
    assert find_wrong_name(draft, about) is None


WRONG = [
    ("Dear Tim, sorry.", "It broke. Regards, Tom", "Tim"),
    ("Lena, sorry.", "It broke. Best, Lina", "Lena"),
    ("Dear Mrs Barlow, sorry.", "It broke. Yours sincerely, Judith Marlow", "Barlow"),
    ("Dear Camilla, sorry.", "It broke. Love, Camille", "Camilla"),
    ("hi steven!", "it broke. - Stefan", "steven"),
    ("Hi Denis, sorry.", "It is dangerous. Denise", "Denis"),
    ("Dear Rebecca, sorry.", "We're freezing. Rachel Tims", "Rebecca"),
    ("Hi Michelle, sorry.", "Wrong colour. -- Mikkel, Nordlys ApS", "Michelle"),
    ("Dear Mr Clough, sorry.", "It broke. Mrs Amanda Clough", "Mr Clough"),
    ("Dear Mr Costello, sorry.", "It broke. Mr Castellano", "Costello"),
    ("Dear Mr van Dam, sorry.", "It broke. Regards, Joost van Dijk", "van Dam"),
    ("Dear Ms Demirel, sorry.", "I'm Yusuf Demir. It broke.", "Demirel"),
    ("Dear Mrs Pritchett, sorry.", "It broke. Signed: Gwen Pritchard", "Pritchett"),
    ("Mr Bassett, sorry.", "Mr Bankole here, still no engineer", "Bassett"),
    ("It is on its way. Sorry Helga, my mistake.", "It broke. Greta", "Helga"),
    ("Sorry about the wet seat, Sharon! We pay.", "It was wet. Siobhan", "Sharon"),
    ("Hi Orla, sorry.", "It broke. Siobhan, flat 4", "Orla"),
]


@pytest.mark.parametrize(("draft", "about", "wrong"), WRONG)
def test_wrong_names_are_found_where_they_stand(draft: str, about: str, wrong: str) -> None:
    found = find_wrong_name(draft, about)
    assert found
    assert draft[found.start : found.end] == wrong


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        ("Dear Mr Lund, sorry.", " sorry."),
        ("@ida @bob Hi Ida! Which one? ^JS", " Which one?"),
        ("@ida Which one? *MS", "Which one?"),
        ("Hi there is no bus", "Hi there is no bus"),
        ("Dear Tom", "Dear Tom"),
        ("^JS", ""),
        ("", ""),
    ],
)
def test_a_message_lies_between_the_greeting_and_the_initials(draft: str, message: str) -> None:
    assert draft[slice(*message_span(draft))] == message
