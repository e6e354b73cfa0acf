"""Deutsch."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Seit unserer Antwort haben wir nichts von dir gehört. Wenn du nicht schreibst, endet dieses "
    "Gespräch {when}.",
    # Ratings.
    "desk.rate": "Wie haben wir das gemacht?",
    "desk.rate.title": "Deine Bewertung",
    "desk.rate.why": "Magst du sagen, warum?",
    "desk.rated": "Danke für deine Bewertung.",
    "desk.log.rated": "{user} hat für Ticket {number} {score} von 5 gegeben. {link}",
    "desk.log.commented": "{user} zur Bewertung von Ticket {number}: {comment}",
    "error.already_rated": "Das hast du schon bewertet. Danke.",
    "error.rating_over": "Das kann nicht mehr bewertet werden.",
    # Transcripts.
    "desk.transcript": "Mitschrift von Ticket {number}, {user}",
    # Reminders and alerts.
    "desk.reminder": "Erinnerung {id}: {text}",
    "desk.alert": "{user} hat geschrieben.",
    "commands.remind": "erinnern",
    "commands.remind.about": "Hier erinnert werden, mit den Rollen, die der Text nennt",
    "commands.unremind": "vergessen",
    "commands.unremind.about": "Eine Erinnerung absagen, über ihre Nummer",
    "commands.reminder_subscription": "erinnerungsabo",
    "commands.reminder_subscription.about": "Wählen, ob Erinnerungen für eine Rolle dich anpingen",
    "commands.alert": "alarm",
    "commands.alert.about": "Angepingt werden, wenn die Person wieder schreibt, oder jedes Mal",
    "commands.option.switch": "schalter",
    "commands.option.switch.about": "an oder aus",
    "commands.option.mode": "art",
    "commands.option.mode.about": "Jedes Mal, oder nicht mehr",
    "commands.choice.on": "an",
    "commands.choice.off": "aus",
    "commands.choice.always": "jedes Mal",
    "commands.choice.cancel": "nicht mehr",
    "commands.said.remind": "Erinnerung {id} kommt {left}: {when}.",
    "commands.said.unremind": "Erinnerung {id} ist abgesagt.",
    "commands.said.subscribed": "Erinnerungen für {role} pingen dich an.",
    "commands.said.unsubscribed": "Erinnerungen für {role} lassen dich in Ruhe.",
    "commands.said.alert": "Du wirst angepingt, wenn die Person schreibt.",
    "commands.said.alert.always": "Du wirst jedes Mal angepingt, wenn die Person schreibt.",
    "commands.said.alert.cancelled": "Du wirst nicht mehr angepingt.",
    "commands.said.alert.none": "Du wärst nicht angepingt worden.",
    "error.reminder_not_found": "In diesem Ticket wartet keine solche Erinnerung.",
    # Who has left, and transcripts and recovery on demand.
    "desk.left": "{user} hat die Gemeinschaft verlassen. Bleibt dieses Ticket offen?",
    "desk.button.close": "Schließen",
    "desk.button.keep": "Offen lassen",
    "desk.kept": "{name} lässt dieses Ticket offen.",
    "commands.transcript": "mitschrift",
    "commands.transcript.about": "Alles, was in diesem Ticket gesagt wurde, als Datei zeigen",
    "commands.said.transcript": "Die Mitschrift ist unterwegs.",
    "commands.recover": "nachholen",
    "commands.recover.about": "Lesen, was geschrieben wurde, während der Bot weg war",
    "commands.said.recover": "Der Bot liest, was versäumt wurde.",
}
