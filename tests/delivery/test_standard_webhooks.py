"""delivery/standard_webhooks.py against the example of the specification's libraries."""

from __future__ import annotations

from config import signing_key
from delivery.standard_webhooks import headers, message_id, signature
from tests.delivery.events import event

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example() -> None:
    signed = signature(signing_key(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_id_is_that_of_the_event_and_has_no_dot() -> None:
    assert message_id(event(412)) == "msg_news_e_412"


def test_without_a_key_there_is_no_signature() -> None:
    assert headers("msg_1", 7, b"", None) == {"webhook-id": "msg_1", "webhook-timestamp": "7"}
