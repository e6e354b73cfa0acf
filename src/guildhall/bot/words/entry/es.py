"""Spanish."""

from typing import Final

TABLE: Final = {
    "desk.entry.invite.title": "Habla con el equipo",
    "desk.entry.invite.choose": "Elige de qué se trata. Solo tú y el equipo veréis lo que escribas.",
    "desk.entry.invite.text": "¿Necesitas algo? Solo tú y el equipo veréis lo que escribas.",
    "desk.entry.invite.open": "Abrir un ticket",
    "desk.entry.confirm.title": "¿Abrir este ticket?",
    "desk.entry.confirm.text": "El equipo lo verá en cuanto lo abras.",
    "desk.entry.confirm.open": "Abrir ticket",
    "desk.entry.confirm.cancel": "Cancelar",
    "desk.entry.cancelled": "No se ha abierto nada. Puedes volver a pedirlo cuando quieras.",
    "desk.entry.opening": "Tu ticket se está abriendo.",
    "desk.entry.opened": "Tu ticket está abierto. Te he enviado un mensaje directo: escribe allí de qué se trata.",
    "desk.entry.direct": "Tu ticket está abierto en {place}, porque no aceptas mensajes directos. Solo tú y el equipo "
    "lo veis.",
    "desk.entry.has_ticket": "Ya tienes un ticket abierto. Escríbeme un mensaje directo.",
    "desk.entry.too_many": "Tienes tantos tickets abiertos como puedes tener a la vez. Cierra antes uno de ellos.",
    "desk.entry.whose": "¿Para el ticket de quién es este canal? Nombra a un miembro y será su ticket.",
    "desk.entry.whose.open": "Nombrar al miembro",
    "desk.entry.whose.title": "¿De quién es el ticket?",
    "desk.entry.whose.member": "Miembro",
    "desk.entry.whose.id": "El identificador del miembro en Discord",
    "desk.entry.adopted": "Este es ahora el canal del ticket n.º {number}. {user} lo sabrá con tu primera respuesta.",
    "error.channel_taken": "Este canal ya pertenece a un ticket.",
    "error.user_blocked": "Esta persona está bloqueada por el equipo.",
    "error.user_not_found": "No es ningún miembro de la comunidad.",
    "error.bot_user": "Es un bot, y los bots no tienen tickets.",
}
