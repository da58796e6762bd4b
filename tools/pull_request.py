"""Put a preview's comment on its pull request: `make ci-comment STACK=NAME`.

The comment of an earlier push is replaced: it begins with the same mark. Needs GITHUB_TOKEN,
GITHUB_REPOSITORY and PULL_REQUEST; GITHUB_API_URL is where GitHub answers.
https://docs.github.com/en/rest/issues/comments
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import requests

SECONDS = 30
PAGE = 100


class NotCommented(Exception):
    """There is no comment to put, or GitHub refused it."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request, and who asks."""

    api: str
    repository: str
    number: int
    token: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "PullRequest":
        """The one that the runner's variables name.

        Raises:
            NotCommented: One of them is missing or is not what it should be.
        """
        names = {
            "GITHUB_TOKEN": r"\S+",
            "GITHUB_REPOSITORY": r"[\w.-]+/[\w.-]+",
            "PULL_REQUEST": r"[1-9]\d{0,9}",
        }
        wrong = [
            name
            for name, form in names.items()
            if not re.fullmatch(form, environment.get(name, ""))
        ]
        if wrong:
            raise NotCommented(f"{', '.join(wrong)} must be set, as the workflow does.")
        return cls(
            environment.get("GITHUB_API_URL", "https://api.github.com"),
            environment["GITHUB_REPOSITORY"],
            int(environment["PULL_REQUEST"]),
            environment["GITHUB_TOKEN"],
        )

    def put(self, text: str) -> str:
        """Put ``text``, in place of what has its first line; the comment's address.

        Raises:
            NotCommented: GitHub refused.
        """
        mark = text.partition("\n")[0]
        issues = f"/repos/{self.repository}/issues"
        for comment in self._comments(f"{issues}/{self.number}/comments"):
            if str(comment.get("body")).startswith(mark):
                answer = self._ask("PATCH", f"{issues}/comments/{comment['id']}", {"body": text})
                break
        else:
            answer = self._ask("POST", f"{issues}/{self.number}/comments", {"body": text})
        return str(cast("dict[str, Any]", answer).get("html_url"))

    def _comments(self, path: str) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            found = cast(
                "list[dict[str, Any]]", self._ask("GET", f"{path}?per_page={PAGE}&page={page}")
            )
            yield from found
            if len(found) < PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> object:
        try:
            answer = requests.request(
                method,
                self.api + path,
                json=body,
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {self.token}",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                timeout=SECONDS,
                allow_redirects=False,
            )
            if not 200 <= answer.status_code < 300:
                raise NotCommented(
                    f"GitHub answered {answer.status_code} to {method} {path}: {answer.text[:200]}"
                )
            return answer.json()
        except requests.RequestException as error:
            raise NotCommented(f"GitHub can't be reached: {error}") from None


def main(file: str) -> int:
    """Put what ``file`` holds; 1 with the reason where that can't be done."""
    try:
        request = PullRequest.from_environment(os.environ)
        try:
            text = Path(file).read_text(encoding="utf-8")
        except OSError as error:
            raise NotCommented(
                f"{file} can't be read ({error.strerror}): there was no preview."
            ) from None
        print(request.put(text))
    except NotCommented as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
