"""Files of messages: kept before their message is written, served to whoever may read it, removed with it."""

from guildhall.domains.tickets.attachments.keeping import FileStore, attach_files, check_count, forgetter_of
from guildhall.domains.tickets.attachments.links import LINK_LIFE, PATH, Links
from guildhall.domains.tickets.attachments.models import INLINE, MOST_FILES, Attachment, KeptFile
from guildhall.domains.tickets.attachments.names import clean_name, clean_type, disposition, size_words
from guildhall.domains.tickets.attachments.policy import access_attachment, attachment_of_link
from guildhall.domains.tickets.attachments.queries import attachments_of

__all__ = [
    "INLINE",
    "LINK_LIFE",
    "MOST_FILES",
    "PATH",
    "Attachment",
    "FileStore",
    "KeptFile",
    "Links",
    "access_attachment",
    "attach_files",
    "attachment_of_link",
    "attachments_of",
    "check_count",
    "clean_name",
    "clean_type",
    "disposition",
    "forgetter_of",
    "size_words",
]
