"""French."""

from typing import Final

TABLE: Final = {
    "desk.entry.invite.title": "Parler à l’équipe",
    "desk.entry.invite.choose": "Choisis de quoi il s’agit. Seule l’équipe verra ce que tu écris.",
    "desk.entry.invite.text": "As-tu besoin de quelque chose ? Seule l’équipe verra ce que tu écris.",
    "desk.entry.invite.open": "Ouvrir un ticket",
    "desk.entry.confirm.title": "Ouvrir ce ticket ?",
    "desk.entry.confirm.text": "L’équipe le verra dès que tu l’ouvriras.",
    "desk.entry.confirm.open": "Ouvrir le ticket",
    "desk.entry.confirm.cancel": "Annuler",
    "desk.entry.cancelled": "Rien n’a été ouvert. Tu peux redemander quand tu veux.",
    "desk.entry.opening": "Ton ticket est en cours d’ouverture.",
    "desk.entry.opened": "Ton ticket est ouvert. Je t’ai envoyé un message privé : écris-y de quoi il s’agit.",
    "desk.entry.direct": "Ton ticket est ouvert dans {place}, car tu n’acceptes pas de messages privés. À part toi, "
    "seule l’équipe le voit.",
    "desk.entry.has_ticket": "Tu as déjà un ticket ouvert. Écris-moi en message privé.",
    "desk.entry.too_many": "Tu as autant de tickets ouverts que permis à la fois. Fermes-en d’abord un.",
    "desk.entry.whose": "Pour le ticket de qui est ce salon ? Nomme un membre, et il devient son ticket.",
    "desk.entry.whose.open": "Nommer le membre",
    "desk.entry.whose.title": "De qui est ce ticket ?",
    "desk.entry.whose.member": "Membre",
    "desk.entry.whose.id": "Identifiant du membre chez Discord",
    "desk.entry.adopted": "Ce salon est maintenant celui du ticket n° {number}. {user} l’apprendra avec ta première "
    "réponse.",
    "error.channel_taken": "Ce salon appartient déjà à un ticket.",
    "error.user_blocked": "Cette personne est bloquée par l’équipe.",
    "error.user_not_found": "Ce n’est aucun membre de la communauté.",
    "error.bot_user": "C’est un bot, et les bots n’ont pas de tickets.",
}
