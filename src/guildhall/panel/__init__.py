"""The panel: server-rendered pages for people. Its URL table on one page."""

from guildhall.panel import (
    account,
    actions,
    apps,
    bookings,
    calendar,
    desk_blocks,
    desk_categories,
    desk_configuration,
    desk_keys,
    desk_list,
    desk_members,
    desk_opening,
    desk_snippet_menu,
    desk_snippets,
    desk_staff,
    desk_statistics,
    desk_tickets,
    devices,
    discord,
    entrance,
    guild_archive,
    guild_boards,
    guild_destinations,
    guild_heatmap,
    guild_overview,
    guild_roles,
    guild_signing,
    guild_tracking,
    guild_webhook,
    guilds,
    kiosk,
    ledger,
    office,
    office_bot,
    office_calendars,
    office_days,
    office_plans,
    office_rooms,
    office_tokens,
    people,
    proofs,
    rewards,
    setup,
    shifts,
    tickets,
)
from guildhall.panel.devices import show_notice
from guildhall.panel.discord import further_routes
from guildhall.panel.face import Panel

__all__ = ["ROUTES", "Panel", "further_routes", "show_notice"]

ROUTES = (
    # GET  /panel          GET and POST /panel/sign-in          POST /panel/sign-out    POST /panel/theme
    # GET  /panel/login
    entrance.show_front_page,
    entrance.show_sign_in,
    entrance.show_refused_sign_in,
    entrance.sign_in,
    entrance.sign_out,
    entrance.choose_theme,
    # GET  /panel/setup                     POST .../token  .../bot .../server  .../channels    .../people  .../words
    setup.show_setup,
    setup.give_token,
    setup.give_bot,
    setup.choose_server,
    setup.choose_channels,
    setup.name_people,
    setup.finish,
    # GET  /panel/static/{name}             GET /panel/live
    entrance.get_static,
    entrance.follow,
    # GET  /kiosk
    kiosk.show_kiosk,
    # GET  /panel/sign-in/discord           GET .../back
    # GET  /panel/account/discord/link      POST .../unlink
    discord.start_sign_in,
    discord.come_back,
    discord.start_link,
    discord.unlink,
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
    # GET  /panel/actions                   GET and POST /v1/actions/{action_id}/confirm
    actions.show_own_actions,
    actions.show_confirm_page,
    actions.confirm_action,
    # GET  /panel/account                   POST .../name  .../password  .../feed
    account.show_account,
    account.change_name,
    account.change_password,
    account.make_feed,
    # GET  /panel/account/rewards
    account.show_rewards,
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
    # GET  /panel/shifts                    GET  .../print      POST .../{day}/{slot}/sign-up and .../withdraw
    shifts.show_rota,
    shifts.show_day_plan,
    shifts.sign_up,
    shifts.withdraw,
    # GET and POST /panel/rewards           POST /panel/rewards/preview
    rewards.show_run,
    rewards.preview_run,
    rewards.reward_run,
    # GET  /panel/ledger                    GET  /panel/ledger/entries      POST /panel/ledger/verify
    # GET  /panel/ledger/chain              POST /panel/ledger/chain/{mint_id}/retry
    ledger.show_balances,
    ledger.show_entries,
    ledger.show_mints,
    ledger.retry_mint,
    ledger.verify_ledger,
    # GET  /panel/guilds                    GET  /panel/guilds/{guild_id}           .../live
    guilds.list_guilds,
    guild_overview.show_overview,
    guilds.follow_guild,
    # GET  /panel/guilds/{guild_id}/board    .../board/people/{user_id}
    # GET  .../board/channels/{channel_id}   .../heatmap
    guild_boards.show_board,
    guild_boards.show_person,
    guild_boards.show_channel,
    guild_heatmap.show_heatmap,
    # GET  .../archive               GET  .../archive/{number}      .../archive/{number}/export     POST .../tier
    # GET  .../sessions/{session_id}/receipt
    guild_archive.show_archive,
    guild_archive.show_period,
    guild_archive.export_period,
    guild_archive.get_receipt,
    guild_archive.switch_tier,
    # GET  .../tracking      POST .../tracking/mode  .../channels    .../fairness    .../schedule    POST .../reset
    guild_tracking.show_tracking,
    guild_tracking.set_mode,
    guild_tracking.set_channels,
    guild_tracking.set_fairness,
    guild_tracking.set_schedule,
    guild_tracking.reset_now,
    # GET  .../signing       POST .../signing/generate   .../unlock  .../lock    .../rotate
    guild_signing.show_signing,
    guild_signing.generate,
    guild_signing.unlock,
    guild_signing.lock,
    guild_signing.rotate,
    # GET POST /panel/guilds/{guild_id}/roles    .../roles/{rule_id}    POST .../roles/{rule_id}/delete
    guild_roles.show_rules,
    guild_roles.add_rule,
    guild_roles.show_rule,
    guild_roles.change_rule,
    guild_roles.delete_rule,
    # GET  .../webhook                      POST .../webhook/address /switch /rotate /remove /test
    #                                       POST .../webhook/deliveries/{delivery_id}/retry
    guild_webhook.show_webhook,
    guild_webhook.set_address,
    guild_webhook.switch_webhook,
    guild_webhook.rotate_secret,
    guild_webhook.remove_address,
    guild_webhook.try_webhook,
    guild_webhook.retry_delivery,
    # GET and POST .../destinations         POST .../destinations/{destination_id}      .../remove
    guild_destinations.show_destinations,
    guild_destinations.add_destination,
    guild_destinations.save_destination,
    guild_destinations.remove_destination,
    # GET  /proof/sessions/{session_id}     GET  /proof/periods/{guild_id}/{number}
    proofs.show_session,
    proofs.show_period,
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
    # GET  /panel/office
    office_rooms.enter_office,
    # GET  /panel/office/rooms              GET and POST .../new        GET and POST .../{room_id}      POST .../archive
    office_rooms.list_rooms,
    office_rooms.show_new_room,
    office_rooms.create_room,
    office_rooms.show_room,
    office_rooms.save_room,
    office_rooms.archive_room,
    # GET and POST /panel/office/closed-days        POST .../{day}/open
    office_days.list_days,
    office_days.close_day,
    office_days.reopen_day,
    # GET  /panel/office/plans              GET and POST .../new        GET and POST .../{valid_from}
    # POST .../{valid_from}/remove
    office_plans.list_plans,
    office_plans.show_new_plan,
    office_plans.create_plan,
    office_plans.show_plan,
    office_plans.save_plan,
    office_plans.remove_plan,
    # GET  /panel/office/tokens             GET and POST .../new        GET and POST .../{code}
    # POST .../{code}/up                    POST .../{code}/remove
    office_tokens.list_tokens,
    office_tokens.show_new_token,
    office_tokens.create_token,
    office_tokens.show_token,
    office_tokens.save_token,
    office_tokens.move_up,
    office_tokens.remove_token,
    # GET  /panel/office/calendars          GET and POST .../{target}       POST .../unlink     .../sync    .../retry
    office_calendars.list_calendars,
    office_calendars.show_calendar,
    office_calendars.save_calendar,
    office_calendars.unlink_calendar,
    office_calendars.sync_calendar,
    office_calendars.retry_event,
    # GET and POST /panel/desk/categories   .../new    .../{category_id}    POST .../{category_id}/delete
    desk_categories.list_categories,
    desk_categories.save_choice,
    desk_categories.show_new_category,
    desk_categories.create_category,
    desk_categories.show_category,
    desk_categories.save_category,
    desk_categories.delete_category,
    # GET and POST /panel/desk/snippets     POST .../{key}              .../delete
    desk_snippets.list_snippets,
    desk_snippets.create_snippet,
    desk_snippets.save_snippet,
    desk_snippets.delete_snippet,
    # GET and POST /panel/desk/blocks       POST .../{block_id}/lift
    desk_blocks.list_blocks,
    desk_blocks.create_block,
    desk_blocks.lift_block,
    # GET  /panel/desk/statistics
    desk_statistics.show_statistics,
    # GET and POST /panel/tickets           GET /panel/tickets/live
    # GET  /panel/tickets/{ticket_id}       POST .../write      .../close       .../reopen
    tickets.list_own,
    tickets.open_one,
    tickets.follow,
    tickets.show_own,
    tickets.show_file,
    tickets.show_transcript,
    tickets.write,
    tickets.close,
    tickets.reopen,
    # GET  /panel/desk                      GET /panel/desk/live
    # GET  /panel/desk/{ticket_id}          POST .../reply      .../note        .../claim       .../release
    #                                       POST .../hold       .../sort        .../close       .../reopen
    desk_list.list_tickets,
    desk_list.follow,
    desk_opening.ask,
    desk_opening.open_one,
    desk_tickets.show_ticket,
    desk_members.show_member,
    desk_snippet_menu.show_menu,
    desk_tickets.show_file,
    desk_tickets.show_transcript,
    desk_tickets.reply,
    desk_tickets.note,
    desk_tickets.claim,
    desk_tickets.release,
    desk_tickets.hold,
    desk_tickets.sort,
    desk_tickets.hand,
    desk_tickets.edit,
    desk_tickets.delete,
    desk_tickets.deliver_again,
    desk_tickets.close,
    desk_tickets.keep,
    desk_tickets.reopen,
    # GET and POST /panel/desk/staff        POST .../{grant_id}/withdraw
    desk_staff.list_staff,
    desk_staff.give,
    desk_staff.take,
    # GET and POST /panel/desk/keys         POST .../{key_id}/revoke    .../delete
    desk_keys.list_keys,
    desk_keys.create_key,
    desk_keys.revoke_key,
    desk_keys.delete_key,
    # GET  /panel/desk/configuration        POST .../{group}
    desk_configuration.show_configuration,
    desk_configuration.save_configuration,
    # GET  /panel/bot                POST .../start      .../stop
    office_bot.show_bot,
    office_bot.start,
    office_bot.stop,
    office_bot.load_cog,
    office_bot.unload_cog,
    # GET  /panel/audit    GET /panel/mail  GET /panel/mail/{mail_id}      POST .../again
    office.show_audit,
    office.list_mail,
    office.show_mail,
    office.send_again,
    # GET  /panel/jobs                      POST /panel/jobs/{job_id}/retry
    office.list_jobs,
    office.retry_job,
    # GET  /panel/system                    POST /panel/system/master-key   .../internal-secret
    office.show_system,
    office.replace_master_key,
    office.show_internal_secret,
)
"""Every route of the panel, wing by wing."""
