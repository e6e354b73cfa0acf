"""German."""

from typing import Final

TABLE: Final = {
    "desk.entry.invite.title": "Sprich mit dem Team",
    "desk.entry.invite.choose": "Wähle, worum es geht. Nur du und das Team sehen, was du schreibst.",
    "desk.entry.invite.text": "Brauchst du etwas? Nur du und das Team sehen, was du schreibst.",
    "desk.entry.invite.open": "Ticket öffnen",
    "desk.entry.confirm.title": "Dieses Ticket öffnen?",
    "desk.entry.confirm.text": "Das Team sieht es, sobald du es öffnest.",
    "desk.entry.confirm.open": "Ticket öffnen",
    "desk.entry.confirm.cancel": "Abbrechen",
    "desk.entry.cancelled": "Es wurde nichts geöffnet. Du kannst jederzeit wieder fragen.",
    "desk.entry.opening": "Dein Ticket wird geöffnet.",
    "desk.entry.opened": "Dein Ticket ist offen. Ich habe dir eine Direktnachricht geschickt: Schreib dort, worum es "
    "geht.",
    "desk.entry.direct": "Dein Ticket ist offen in {place}, weil du keine Direktnachrichten annimmst. Nur du und das "
    "Team sehen es.",
    "desk.entry.has_ticket": "Du hast schon ein offenes Ticket. Schreib mir eine Direktnachricht.",
    "desk.entry.too_many": "Du hast so viele offene Tickets, wie du zugleich haben darfst. Schließe zuerst eines.",
    "desk.entry.whose": "Für wessen Ticket ist dieser Kanal? Nenne ein Mitglied, und er wird dessen Ticket.",
    "desk.entry.whose.open": "Mitglied nennen",
    "desk.entry.whose.title": "Wessen Ticket ist es?",
    "desk.entry.whose.member": "Mitglied",
    "desk.entry.whose.id": "Die ID des Mitglieds bei Discord",
    "desk.entry.adopted": "Dies ist jetzt der Kanal von Ticket #{number}. {user} erfährt davon mit deiner ersten "
    "Antwort.",
    "error.channel_taken": "Dieser Kanal gehört schon zu einem Ticket.",
    "error.user_blocked": "Diese Person ist vom Team gesperrt.",
    "error.user_not_found": "Das ist kein Mitglied der Community.",
    "error.bot_user": "Das ist ein Bot, und Bots haben keine Tickets.",
}
