"""Texts of incidents, labelled with the vendors that they make the cause. The sentences are invented."""

from typing import Final, NamedTuple


class LabelledText(NamedTuple):
    """A text on the page of `key`, and the keys of the vendors that it names as the cause."""

    key: str
    text: str
    upstream: tuple[str, ...] = ()


NAMED: Final = (
    LabelledText("circleci", "Builds are delayed due to an ongoing GitHub outage.", ("github",)),
    LabelledText("circleci", "This is caused by an incident at GitHub: https://www.githubstatus.com", ("github",)),
    LabelledText("netlify", "Please follow https://www.githubstatus.com/incidents/abc123 for updates.", ("github",)),
    LabelledText("vercel", "Elevated errors caused by AWS us-east-1 network issues.", ("aws",)),
    LabelledText(
        "discord", "We traced this to an issue with Cloudflare, and are waiting for their fix.", ("cloudflare",)
    ),
    LabelledText("discord", "Our upstream provider, Cloudflare, is experiencing an outage.", ("cloudflare",)),
    LabelledText("heroku", "Apps in the EU are unreachable because of a power failure at AWS.", ("aws",)),
    LabelledText("sentry", "Slow event ingestion as a result of Google Cloud networking problems.", ("google-cloud",)),
    LabelledText("linear", "Login fails because our identity provider Duo Security is down.", ("duo",)),
    LabelledText("zapier", "Slack is experiencing an outage, which affects all Zaps that post messages.", ("slack",)),
    LabelledText("buildkite", "The GitHub outage is causing delays in commit statuses.", ("github",)),
    LabelledText("buildkite", "A GitHub incident has impacted the delivery of webhooks to us.", ("github",)),
    LabelledText("render", "We are waiting for Cloudflare to resolve the problem on their side.", ("cloudflare",)),
    LabelledText(
        "supabase", "Projects in eu-central-1 are degraded due to AWS experiencing elevated errors.", ("aws",)
    ),
    LabelledText("planetscale", "Root cause was an outage of AWS in us-east-1.", ("aws",)),
    LabelledText("twilio", "Delays are attributed to degraded performance at Google Cloud.", ("google-cloud",)),
    LabelledText("pagerduty", "SMS notifications are late due to an incident with our provider Twilio.", ("twilio",)),
    LabelledText("pagerduty", "Phone calls fail because of our telephony provider, Twilio.", ("twilio",)),
    LabelledText("notion", "E-mails are delayed due to issues with SendGrid.", ("sendgrid",)),
    LabelledText("linear", "Upstream GitHub issues delay our sync.", ("github",)),
    LabelledText("render", "This looks to be related to the Azure networking issue in several regions.", ("azure",)),
    LabelledText("datadog", "The drop is the result of a Slack outage.", ("slack",)),
    LabelledText("shopify", "Payments are impacted by Stripe's ongoing incident.", ("stripe",)),
    LabelledText("intercom", "AI answers are unavailable due to an outage of OpenAI.", ("openai",)),
    LabelledText("intercom", "OpenAI has confirmed an incident; as a result, AI answers are slow.", ("openai",)),
    LabelledText(
        "hubspot", "The problem originated from a Cloudflare outage affecting much of the internet.", ("cloudflare",)
    ),
    LabelledText("docker", "Pulls fail. This was triggered by network issues at AWS.", ("aws",)),
    LabelledText(
        "gitlab", "Because Google Cloud is experiencing elevated latency, CI jobs start late.", ("google-cloud",)
    ),
    LabelledText(
        "npm", "Publishing is degraded.\nhttps://www.cloudflarestatus.com/incidents/x has details.", ("cloudflare",)
    ),
    LabelledText("fly-io", "Builders fail due to an unexpected response from Docker Hub.", ("docker",)),
    LabelledText("airtable", "Sync of calendars is slow owing to latency in Google Workspace.", ("google-workspace",)),
    LabelledText("mongodb", "Clusters were unavailable due to Azure having problems in West Europe.", ("azure",)),
    LabelledText("snowflake", "Stemming from an AWS outage, queries failed.", ("aws",)),
    LabelledText("cohere", "Requests fail due to the large scale Google Cloud outage.", ("google-cloud",)),
    LabelledText(
        "codecov", "Uploads are blocked: GitHub is down, so our app cannot verify them, causing errors.", ("github",)
    ),
    LabelledText("vercel", "Our vendor AWS has identified the root cause of the outage.", ("aws",)),
    LabelledText("statuscake", "Tests from one region failed because DigitalOcean had an outage.", ("digitalocean",)),
    LabelledText("asana", "Our CDN partner Cloudflare reported problems, and they are fixed.", ("cloudflare",)),
    LabelledText("asana", "We think AWS is to blame for this one.", ("aws",)),
    LabelledText("asana", "The trouble is on the side of Cloudflare.", ("cloudflare",)),
    LabelledText("bitbucket", "Pipelines cannot pull images since Docker Hub is unavailable.", ("docker",)),
    LabelledText(
        "customer-io", "Mailgun acknowledged delays, which cause late deliveries for our users.", ("mailgun",)
    ),
    LabelledText(
        "figma", "Errors are linked to an incident with AWS: https://health.aws.amazon.com/health/status", ("aws",)
    ),
    LabelledText(
        "circleci",
        "GitHub is currently having trouble with webhooks and this prevents pipelines from starting.",
        ("github",),
    ),
    LabelledText(
        "circleci", "Issues with checkout steps are caused by an upstream incident affecting GitHub.", ("github",)
    ),
    LabelledText("netlify", "Builds are queuing as our Git provider GitHub is degraded.", ("github",)),
    LabelledText("sentry", "Due to a Google Cloud incident, event processing is behind.", ("google-cloud",)),
    LabelledText(
        "discord", "An outage at our cloud provider (Google Cloud) is preventing voice connections.", ("google-cloud",)
    ),
    LabelledText("render", "Deploys from GitLab fail due to GitLab.com downtime.", ("gitlab",)),
    LabelledText("twilio", "Root cause has been identified as a networking event in AWS.", ("aws",)),
    LabelledText(
        "heroku", "This incident is a result of https://health.aws.amazon.com reported connectivity problems.", ("aws",)
    ),
    LabelledText(
        "intercom",
        "Our LLM vendor Anthropic has reported elevated error rates, and AI replies are affected.",
        ("anthropic",),
    ),
    LabelledText(
        "notion", "AI features are limited because OpenAI and Anthropic have outages.", ("openai", "anthropic")
    ),
    LabelledText("pypi", "Fetches are failing because of Cloudflare errors in Frankfurt.", ("cloudflare",)),
    LabelledText("docker", "Authentication was affected by a Cloudflare incident.", ("cloudflare",)),
    LabelledText("shopify", "Checkout latency was caused by PayPal API slowness.", ("paypal",)),
    LabelledText("zendesk", "E-mail delivery is impacted by problems at Microsoft 365.", ("microsoft-365",)),
    LabelledText("vercel", "Because of the Amazon S3 outage, static assets cannot be uploaded.", ("aws",)),
    LabelledText("render", "GitHub has mitigated their incident, so deploys are back to normal.", ("github",)),
    LabelledText("linear", "We depend on Cloudflare, which is down at the moment.", ("cloudflare",)),
    LabelledText("figma", "Engineers from AWS are helping us: an AZ has lost power.", ("aws",)),
)
NOT_NAMED: Final = (
    LabelledText("circleci", "The GitHub integration is failing due to a bug in our code."),
    LabelledText("circleci", "This is not related to the GitHub outage."),
    LabelledText("circleci", "Unrelated to https://www.githubstatus.com/incidents/abc123, jobs are delayed."),
    LabelledText("github", "Some customers using AWS CodeBuild saw failed webhooks."),
    LabelledText("github", "GitHub Actions jobs fail due to a GitHub Packages outage."),
    LabelledText("github", "Follow https://www.githubstatus.com for updates on this outage."),
    LabelledText("datadog", "The AWS integration is delayed due to a configuration change."),
    LabelledText("datadog", "Delays in Azure metrics are caused by a problem in our crawlers."),
    LabelledText("datadog-eu1", "Related to an incident at Datadog: https://status.datadoghq.com", ()),
    LabelledText("snowflake", "Customers on AWS in us-east-1 were affected by a failed deployment."),
    LabelledText("snowflake", "AWS - US West (Oregon): queries are slow due to high load."),
    LabelledText("slack", "The Google Calendar app is slow because of an internal issue."),
    LabelledText("slack", "Users who sign in with Google Workspace cannot log in due to an outage."),
    LabelledText("vercel", "This was similar to the outage of Cloudflare last week."),
    LabelledText("vercel", "Unlike AWS, we have no single region that can cause an outage."),
    LabelledText("vercel", "Git deployments from GitHub are delayed because a queue of ours is full."),
    LabelledText("zapier", "Errors with Slack triggers are caused by our release of this morning."),
    LabelledText("zapier", "HubSpot Zaps are failing. We are investigating the cause."),
    LabelledText("zapier", "Issues with Salesforce and HubSpot apps are resolved."),
    LabelledText("heroku", "We have moved DNS to Cloudflare, and there was no impact."),
    LabelledText("heroku", "Due to our migration from AWS us-east-1, some apps restart."),
    LabelledText("netlify", "Builds with npm fail because a cache of ours is corrupt."),
    LabelledText("netlify", "We rolled back a change that broke the GitHub login."),
    LabelledText("openai", "ChatGPT connectors for Google Drive and Slack have elevated errors."),
    LabelledText("openai", "We are investigating whether an Azure issue is the cause."),
    LabelledText("openai", "Impact on ChatGPT is caused by a misconfigured network."),
    LabelledText("sendgrid", "Delivery to Microsoft 365 mailboxes is delayed."),
    LabelledText("sendgrid", "Twilio is experiencing an issue which affects SendGrid."),
    LabelledText("twilio", "SMS to AT&T customers are delayed due to a carrier issue."),
    LabelledText("stripe", "Apple Pay payments fail due to an error on our side."),
    LabelledText("stripe", "Payments through Klarna are degraded."),
    LabelledText("mongodb", "Clusters on Azure are degraded because of a bug in our automation."),
    LabelledText("mongodb", "A new AWS region is available."),
    LabelledText("gitlab", "Import from GitHub fails with errors because of a regression."),
    LabelledText("google-cloud", "Google Cloud Storage errors are caused by a Google Workspace outage."),
    LabelledText("bitbucket", "Atlassian is experiencing an incident that affects login: https://status.atlassian.com"),
    LabelledText("render", "Thanks to a contact at Cloudflare we found that our DNS records were wrong."),
    LabelledText("render", "To be independent of an AWS outage, we add a second provider."),
    LabelledText("pagerduty", "Slack notifications are delayed due to a backlog in our queue."),
    LabelledText("pagerduty", "If Twilio is down, we fail over to another provider."),
    LabelledText("cloudflare", "Customers with origins at AWS us-east-1 may see errors."),
    LabelledText("cloudflare", "Zero Trust login with Okta fails due to an issue with our identity service."),
    LabelledText("intercom", "The Salesforce sync is paused due to rate limits that we set."),
    LabelledText("docker", "Read the guide at https://docs.github.com/actions to avoid pull limits."),
    LabelledText("linear", "GitHub issues are synced late due to a slow queue."),
    LabelledText("asana", "Scheduled maintenance: we upgrade the servers at AWS."),
    LabelledText("notion", "The outage started at 10:00, at the time of the Cloudflare incident."),
    LabelledText("circleci", "Jobs that pull from Docker Hub are throttled because we exceeded our plan."),
    LabelledText("netlify", "The Slack deploy notifications fail due to an expired certificate."),
    LabelledText(
        "vercel", "AWS PrivateLink connections for some Secure Compute customers fail due to a routing change we made."
    ),
    LabelledText("datadog", "Log ingestion from Cloudflare is delayed due to a faulty deploy."),
    LabelledText("pagerduty", "Issues affecting the Microsoft Teams extension are caused by an expired secret."),
    LabelledText("sentry", "GitHub commit tracking is broken because our worker crashed."),
    LabelledText("zapier", "Gmail triggers are slow due to high volume in our queue."),
    LabelledText("mongodb", "Backups of GCP clusters failed due to an error in the snapshot service."),
    LabelledText("snowflake", "Due to a fiber cut near Azure West Europe, network latency may be higher."),
    LabelledText("openai", "Elevated errors for users of the Slack connector caused by token refresh."),
    LabelledText("supabase", "Login with Apple fails due to an outage of our auth service."),
    LabelledText("heroku", "Salesforce data sync (Heroku Connect) is degraded due to a database issue."),
    LabelledText("github", "Copilot is degraded because of a problem with OpenAI models in our routing layer."),
    LabelledText("stripe", "Some Shopify merchants cannot take payments due to an issue with our API."),
    LabelledText("cloudflare", "Requests to R2 from Vercel fail because of a bug on our side."),
    LabelledText("fly-io", "Docker builds hang due to a kernel issue on our builders."),
    LabelledText("gitlab", "This incident is related to Docker image pulls by shared runners."),
    LabelledText("linear", "The Figma plugin shows errors caused by a change of Figma's plugin API."),
)
LABELLED: Final = NAMED + NOT_NAMED
