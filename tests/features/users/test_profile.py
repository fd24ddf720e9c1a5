"""What users see and change of themselves."""

from tests.people import People


def test_users_see_themselves(people: People) -> None:
    people.organization()
    answer = people.user("john", role="operator").get("/users/me")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    body = answer.json_body
    assert body.pop("createdAt").endswith("Z")
    assert body == {
        "userId": "user-john",
        "email": "john@example.com",
        "name": "John",
        "organizationId": "org-789",
        "role": "operator",
        "phoneNumber": None,
        "preferences": {
            "notifications": {"email": True, "push": True, "sms": False},
            "quietHours": {
                "enabled": False,
                "start": "22:00",
                "end": "08:00",
                "timezone": "UTC",
            },
            "theme": "system",
            "language": "en",
        },
        "deviceTokens": [],
    }


def test_somebody_who_is_no_user_has_no_profile(people: People) -> None:
    answer = people.platform().get("/users/me")
    assert (answer.status_code, answer.json_body["error"]["code"]) == (404, "PROFILE_NOT_FOUND")
