"""What the OpenAPI document says of the API as a whole."""

DESCRIPTION = """\
The help desk of a hackathon: hackers open tickets, mentors claim and close them.

## How to get a token

LCS is HackRU's account service. You exchange an LCS token for MentorQ's tokens. There are two ways.

**With a password.** Send it to LCS, which gives you an LCS token. After `make run` a stand-in for LCS listens on port
8001, and everybody's password is `hackru`:

```sh
API=${API:-http://127.0.0.1:8000} LCS=${LCS:-http://127.0.0.1:8001/dev} EMAIL=${EMAIL:-ada@example.edu}

LCS_TOKEN=$(curl -fsS "$LCS/authorize" -d '{"email": "'$EMAIL'", "password": "hackru"}' |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["body"]["token"])') &&
curl -fsS "$API/api/auth/token/" -H 'Content-Type: application/json' \\
  -d '{"email": "'$EMAIL'", "lcs_token": "'$LCS_TOKEN'"}'
```

**With an LCS token that you have already.** Send it with its owner's e-mail, as the last command does.

The response has two tokens:

- `access` is the access token, which lives half an hour. Send it with each request: `Authorization: Bearer <access>`.
  On this page, press **Authorize** and paste it.
- `refresh` is the refresh token, which lives three days. `POST /api/auth/refresh/` exchanges it for a new access token.
"""

TAGS = [
    {"name": "auth", "description": "Sign in, stay signed in, sign out."},
    {"name": "tickets", "description": "The queue: open a ticket, follow it, claim it, close it."},
    {"name": "feedback", "description": "What owners say of the help, and the best mentors."},
    {"name": "queue", "description": "How many people wait and how long. Everybody may read it."},
    {"name": "live", "description": "A stream that says when to look again."},
    {"name": "statistics", "description": "The figures for directors."},
]

COMPONENTS = {
    "schemas": {
        "FieldErrors": {
            "type": "object",
            "description": "What is wrong with each field, as sentences for people.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        }
    }
}
