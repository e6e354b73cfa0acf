"""Refusals of webhooks. `core.outside` has AddressRefused, for addresses that are not called.

GuildhallError
├── NotFound
│   └── DeliveryNotFound       the guild has no such delivery
├── Unprocessable
│   ├── WebhookAddressNeeded   there is no address to send to
│   └── DeliveryWaits          what the delivery tells of is not signed yet
└── Limited
    └── TooManyTests           the address was tested often enough for now
"""

from guildhall.core.errors import Limited, NotFound, Unprocessable


class DeliveryNotFound(NotFound):
    """The guild has no such delivery, or it was forgotten after 30 days."""

    code = "delivery_not_found"
    text = "There is no such delivery"


class WebhookAddressNeeded(Unprocessable):
    """There is no address to send to."""

    code = "webhook_address_needed"
    text = "Name an address first"


class DeliveryWaits(Unprocessable):
    """The delivery has no content yet."""

    code = "delivery_waits"
    text = "This delivery waits for a signature, and is sent once it is there"


class TooManyTests(Limited):
    """The address was tested often enough for now."""

    code = "too_many_tests"
    text = "This address was tested often enough for now"
