"""Two invented repositories on a developer's disk, and the vendors that each depends on, with the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# A shop: a web front end in TypeScript, deployed by GitHub Actions.
SHOP: Final[Mapping[str, str]] = {
    "package.json": json.dumps(
        {
            "name": "shop",
            "homepage": "https://www.netlify.com/shop",
            "dependencies": {"@sentry/nextjs": "^8.0.0", "next": "15.0.0", "stripe": "^14.0.0"},
            "devDependencies": {"typescript": "^5.0.0"},
        }
    ),
    "package-lock.json": json.dumps(
        {
            "lockfileVersion": 3,
            "packages": {
                "": {
                    "dependencies": {"@sentry/nextjs": "^8.0.0", "next": "15.0.0", "stripe": "^14.0.0"},
                    "devDependencies": {"typescript": "^5.0.0"},
                },
                "node_modules/@sentry/nextjs": {"version": "8.33.1"},
                "node_modules/next": {"version": "15.0.0"},
                "node_modules/stripe": {"version": "14.2.0"},
                # Another package brings it along: nobody chose it.
                "node_modules/twilio": {"version": "5.0.0"},
                "node_modules/typescript": {"version": "5.6.2"},
            },
        }
    ),
    "node_modules/twilio/package.json": '{"dependencies": {"@slack/web-api": "7.0.0"}}',
    ".env.example": "# names only\nOPENAI_API_KEY=sk-do-not-show-this\nPORT=3000\nexport TWILIO_AUTH_TOKEN=\n",
    ".github/workflows/deploy.yml": (
        "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - uses: ./.github/actions/local\n"
        "      - uses: cloudflare/wrangler-action@v3\n"
        "        with:\n          apiToken: ${{ secrets.CLOUDFLARE_API_TOKEN }}\n"
        "      # - uses: netlify/actions/cli@master\n"
    ),
    "Dockerfile": (
        "ARG NODE=22\nFROM node:22-slim AS build\nRUN npm ci\n"
        "FROM build AS test\nFROM ghcr.io/shop/base:${TAG}\nFROM scratch\n"
    ),
    "vercel.json": json.dumps(
        {
            "$schema": "https://openapi.vercel.sh/vercel.json",
            "headers": [
                {
                    "source": "/(.*)",
                    "headers": [
                        {
                            "key": "Content-Security-Policy",
                            "value": "default-src 'self'; script-src js.stripe.com *.intercom.io; font-src 'self'",
                        }
                    ],
                }
            ],
        }
    ),
    "README.md": "Deployed to https://heroku.com once.\n",
}
SHOP_VENDORS: Final[Mapping[str, str]] = {
    "sentry": "package-lock.json: @sentry/nextjs 8.33.1",
    "stripe": "package-lock.json: stripe 14.2.0",
    "npm": "package-lock.json",
    "openai": ".env.example: OPENAI_API_KEY",
    "twilio": ".env.example: TWILIO_AUTH_TOKEN",
    "github": ".github/workflows/deploy.yml: uses actions/checkout",
    "cloudflare": ".github/workflows/deploy.yml: uses cloudflare/wrangler-action",
    "docker": "Dockerfile: FROM node:22-slim",
    "intercom": "vercel.json: intercom.io",
    "vercel": "vercel.json: is there",
}

# An operations repository: services in Python, Go, Ruby, Rust and PHP, and their infrastructure.
PLATFORM: Final[Mapping[str, str]] = {
    "api/pyproject.toml": (
        '[project]\nname = "api"\ndependencies = ["Anthropic>=0.40", "boto3[crt]~=1.35"]\n'
        '[dependency-groups]\ndev = ["pytest", {include-group = "lint"}]\n'
        '[project.urls]\nDocs = "https://docs.mongodb.com/"\n'
    ),
    "api/requirements.txt": (
        "# by a compiler of requirements\n--index-url https://pkgs.example/simple\n"
        "anthropic==0.40.1\n    # via -r requirements.in\n"
        "sendgrid==6.11.0\n    # via some-other-package\n"
    ),
    "worker/go.mod": (
        "module example.com/worker\n\ngo 1.23\n\nrequire (\n"
        "\tgithub.com/twilio/twilio-go v1.23.0\n\tgithub.com/slack-go/slack v0.15.0 // indirect\n)\n"
    ),
    "admin/Gemfile.lock": (
        "GEM\n  specs:\n    postmark-rails (0.22.1)\n      postmark (>= 1.21)\n    postmark (1.25.1)\n"
        "    stripe (13.0.0)\n"
        "\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  stripe (~> 13.0)\n\nBUNDLED WITH\n   2.5.0\n"
    ),
    "edge/Cargo.toml": '[package]\nname = "edge"\n[dependencies]\naws-sdk-s3 = "1.0"\nserde = { version = "1" }\n',
    "legacy/composer.json": '{"require": {"php": ">=8.2", "ext-json": "*", "mailgun/mailgun-php": "^4.0"}}',
    "infra/main.tf": (
        'terraform {\n  required_providers {\n    cloudflare = {\n      source  = "cloudflare/cloudflare"\n    }\n'
        '    # datadog = { source = "DataDog/datadog" }\n  }\n}\nprovider "cloudflare" {}\nprovider "google" {}\n'
        'module "x" { source = "gitlab.com/x/y" }\n'
    ),
    "infra/compose.yaml": "services:\n  cache:\n    image: redis:7\n  app:\n    image: quay.io/platform/app:1\n",
    "config/prod.yaml": (
        "# https://api.pagerduty.com is gone\n"
        "sentry: https://abc@o1.ingest.us.sentry.io/2\nhelp: https://docs.datadoghq.com/x\nself: https://db.internal\n"
    ),
    ".gitlab-ci.yml": "test:\n  script: make\n",
}
PLATFORM_VENDORS: Final[Mapping[str, str]] = {
    "anthropic": "api/pyproject.toml: anthropic",
    "aws": "api/pyproject.toml: boto3",
    "pypi": "api/pyproject.toml",
    "twilio": "worker/go.mod: github.com/twilio/twilio-go v1.23.0",
    "stripe": "admin/Gemfile.lock: stripe 13.0.0",
    "rubygems": "admin/Gemfile.lock",
    "crates-io": "edge/Cargo.toml",
    "mailgun": "legacy/composer.json: mailgun/mailgun-php",
    "packagist": "legacy/composer.json",
    "cloudflare": "infra/main.tf: provider cloudflare/cloudflare",
    "google-cloud": "infra/main.tf: provider hashicorp/google",
    "docker": "infra/compose.yaml: image redis:7",
    "quay": "infra/compose.yaml: image quay.io/platform/app:1",
    "sentry": "config/prod.yaml: o1.ingest.us.sentry.io",
    "gitlab": ".gitlab-ci.yml: is there",
}
REPOSITORIES: Final = {"shop": (SHOP, SHOP_VENDORS), "platform": (PLATFORM, PLATFORM_VENDORS)}


def write_repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files below the folder, and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder
