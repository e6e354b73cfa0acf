"""The panel: server-rendered pages for people. Its URL table on one page."""

from guildhall.panel import account, apps, bookings, calendar, devices, entrance, office, office_rooms, people, shifts
from guildhall.panel.devices import show_notice
from guildhall.panel.face import Panel

__all__ = ["ROUTES", "Panel", "show_notice"]

ROUTES = (
    # GET  /panel          GET and POST /panel/sign-in          POST /panel/sign-out    POST /panel/theme
    entrance.show_front_page,
    entrance.show_sign_in,
    entrance.sign_in,
    entrance.sign_out,
    entrance.choose_theme,
    # GET  /panel/static/{name}             GET /panel/live
    entrance.get_static,
    entrance.follow,
    # GET  /panel/rooms                     GET /panel/rooms/{room_id}
    calendar.show_week,
    calendar.show_room,
    # GET and POST /panel/book
    bookings.show_booking_form,
    bookings.book,
    # GET  /panel/bookings                  GET /panel/bookings/{booking_id}            POST .../cancel
    bookings.show_own_bookings,
    bookings.show_booking,
    bookings.cancel,
    # GET  /panel/account                   POST .../name  .../password  .../feed
    account.show_account,
    account.change_name,
    account.change_password,
    account.make_feed,
    # POST /panel/account/sessions/{session_id}/end             POST .../sessions/end-others
    account.end_session,
    account.end_other_sessions,
    # POST /panel/account/keys              POST .../keys/{key_id}/revoke
    account.create_key,
    account.revoke_key,
    # GET  /auth/verify                     POST /panel/device-login    POST /panel/account/tokens/{token_id}/revoke
    devices.show_verify_page,
    devices.show_device,
    devices.revoke_token,
    # GET  /panel/shifts                    POST /panel/shifts/{day}/{slot}/sign-up and .../withdraw
    shifts.show_rota,
    shifts.sign_up,
    shifts.withdraw,
    # GET and POST /panel/people            GET /panel/people/{alias}
    people.list_people,
    people.add_person,
    people.show_person,
    # POST /panel/people/{alias}/roles      POST .../password   POST .../sessions/end
    people.set_roles,
    people.set_password,
    people.end_sessions,
    # GET and POST /panel/apps              POST /panel/apps/{app_id}/revoke
    apps.list_apps,
    apps.register_app,
    apps.revoke_app,
    # GET  /panel/office/rooms              GET and POST .../new        GET and POST .../{room_id}      POST .../archive
    office_rooms.list_rooms,
    office_rooms.show_new_room,
    office_rooms.create_room,
    office_rooms.show_room,
    office_rooms.save_room,
    office_rooms.archive_room,
    # POST /panel/office/closed-days        POST .../{day}/open
    office_rooms.close_day,
    office_rooms.reopen_day,
    # GET  /panel/audit    GET /panel/mail  GET /panel/mail/{mail_id}
    office.show_audit,
    office.list_mail,
    office.show_mail,
    # GET  /panel/jobs                      POST /panel/jobs/{job_id}/retry
    office.list_jobs,
    office.retry_job,
    # GET  /panel/system                    POST /panel/system/master-key
    office.show_system,
    office.replace_master_key,
)
"""Every route of the panel, wing by wing."""
