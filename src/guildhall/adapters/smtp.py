"""Mail by SMTP."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPNotSupported

from guildhall.core.log import get_logger
from guildhall.core.mail import MailDelayed, MailRefused
from guildhall.settings import SettingsError

log = get_logger(__name__)

TIMEOUT = 30.0
"""Seconds that the mail server may take for each answer."""

PORTS = {"smtp": 587, "smtps": 465}
