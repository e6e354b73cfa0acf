"""Español."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "No sabemos nada de ti desde nuestra respuesta. Si no escribes, esta conversación se cierra "
    "{when}.",
    # Ratings.
    "desk.rate": "¿Qué tal lo hemos hecho?",
    "desk.rate.title": "Tu valoración",
    "desk.rate.why": "¿Quieres decirnos por qué?",
    "desk.rated": "Gracias por tu valoración.",
    "desk.log.rated": "{user} ha dado {score} de 5 por el ticket {number}. {link}",
    "desk.log.commented": "{user} sobre la valoración del ticket {number}: {comment}",
    "error.already_rated": "Ya lo has valorado. Gracias.",
    "error.rating_over": "Ya no se puede valorar.",
    # Transcripts.
    "desk.transcript": "Transcripción del ticket {number}, {user}",
    # Reminders and alerts.
    "desk.reminder": "Recordatorio {id}: {text}",
    "desk.alert": "{user} ha escrito.",
    "commands.remind": "recordar",
    "commands.remind.about": "Recibir aquí un recordatorio, con los roles que menciona el texto",
    "commands.unremind": "olvidar",
    "commands.unremind.about": "Anular un recordatorio por su número",
    "commands.reminder_subscription": "suscripción_recordatorios",
    "commands.reminder_subscription.about": "Elegir si los recordatorios de un rol te mencionan",
    "commands.alert": "alerta",
    "commands.alert.about": "Recibir un aviso en el próximo mensaje, o en cada uno",
    "commands.option.switch": "estado",
    "commands.option.switch.about": "sí o no",
    "commands.option.mode": "modo",
    "commands.option.mode.about": "Cada vez, o nunca más",
    "commands.choice.on": "sí",
    "commands.choice.off": "no",
    "commands.choice.always": "cada vez",
    "commands.choice.cancel": "nunca más",
    "commands.said.remind": "El recordatorio {id} llega {left}: {when}.",
    "commands.said.unremind": "El recordatorio {id} queda anulado.",
    "commands.said.subscribed": "Los recordatorios de {role} te mencionan.",
    "commands.said.unsubscribed": "Los recordatorios de {role} ya no te mencionan.",
    "commands.said.alert": "Recibirás un aviso cuando la persona escriba.",
    "commands.said.alert.always": "Recibirás un aviso cada vez que la persona escriba.",
    "commands.said.alert.cancelled": "Ya no recibirás avisos.",
    "commands.said.alert.none": "No ibas a recibir avisos.",
    "error.reminder_not_found": "No hay ningún recordatorio así pendiente en este ticket.",
    # Who has left, and transcripts and recovery on demand.
    "desk.left": "{user} ha dejado la comunidad. ¿Sigue abierto este ticket?",
    "desk.button.close": "Cerrarlo",
    "desk.button.keep": "Dejarlo abierto",
    "desk.kept": "{name} deja este ticket abierto.",
    "commands.transcript": "transcripción",
    "commands.transcript.about": "Publicar en un archivo todo lo dicho en este ticket",
    "commands.said.transcript": "La transcripción está en camino.",
    "commands.recover": "recuperar",
    "commands.recover.about": "Leer lo que se escribió mientras el bot no estaba",
    "commands.said.recover": "El bot lee lo que faltaba.",
}
