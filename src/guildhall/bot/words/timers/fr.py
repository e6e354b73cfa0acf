"""Français."""

from typing import Final

TABLE: Final = {
    # Tickets in which nobody says anything.
    "desk.closes_soon": "Nous n’avons pas de nouvelles de vous depuis notre réponse. Sans message de votre part, "
    "cette conversation se ferme {when}.",
    # Ratings.
    "desk.rate": "Comment avons-nous fait ?",
    "desk.rate.title": "Votre note",
    "desk.rate.why": "Voulez-vous nous dire pourquoi ?",
    "desk.rated": "Merci pour votre note.",
    "desk.log.rated": "{user} a donné {score} sur 5 pour le ticket {number}. {link}",
    "desk.log.commented": "{user} au sujet de la note du ticket {number} : {comment}",
    "error.already_rated": "Vous avez déjà donné une note. Merci.",
    "error.rating_over": "Il n’est plus possible de donner une note.",
    # Transcripts.
    "desk.transcript": "Transcription du ticket {number}, {user}",
    # Reminders and alerts.
    "desk.reminder": "Rappel {id} : {text}",
    "desk.alert": "{user} a écrit.",
    "commands.remind": "rappeler",
    "commands.remind.about": "Recevoir un rappel ici, avec les rôles mentionnés dans le texte",
    "commands.unremind": "oublier",
    "commands.unremind.about": "Annuler un rappel par son numéro",
    "commands.reminder_subscription": "abonnement_rappels",
    "commands.reminder_subscription.about": "Choisir si les rappels d’un rôle te mentionnent",
    "commands.alert": "alerte",
    "commands.alert.about": "Être mentionné au prochain message, ou à chacun",
    "commands.option.switch": "état",
    "commands.option.switch.about": "oui ou non",
    "commands.option.mode": "mode",
    "commands.option.mode.about": "À chaque fois, ou plus jamais",
    "commands.choice.on": "oui",
    "commands.choice.off": "non",
    "commands.choice.always": "à chaque fois",
    "commands.choice.cancel": "plus jamais",
    "commands.said.remind": "Le rappel {id} viendra {left} : {when}.",
    "commands.said.unremind": "Le rappel {id} est annulé.",
    "commands.said.subscribed": "Les rappels pour {role} te mentionnent.",
    "commands.said.unsubscribed": "Les rappels pour {role} ne te mentionnent plus.",
    "commands.said.alert": "Tu seras mentionné quand la personne écrira.",
    "commands.said.alert.always": "Tu seras mentionné chaque fois que la personne écrit.",
    "commands.said.alert.cancelled": "Tu ne seras plus mentionné.",
    "commands.said.alert.none": "Tu n’allais pas être mentionné.",
    "error.reminder_not_found": "Aucun rappel de ce numéro n’attend dans ce ticket.",
    # Who has left, and transcripts and recovery on demand.
    "desk.left": "{user} a quitté la communauté. Ce ticket reste-t-il ouvert ?",
    "desk.button.close": "Le fermer",
    "desk.button.keep": "Le garder ouvert",
    "desk.kept": "{name} garde ce ticket ouvert.",
    "commands.transcript": "transcription",
    "commands.transcript.about": "Publier en fichier tout ce qui a été dit dans ce ticket",
    "commands.said.transcript": "La transcription arrive.",
    "commands.recover": "récupérer",
    "commands.recover.about": "Lire ce qui a été écrit en l’absence du bot",
    "commands.said.recover": "Le bot lit ce qui a été manqué.",
}
