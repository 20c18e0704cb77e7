"""The emoji short codes people and this bot use most. What is not here is shown as its code, `:like_this:`."""

_TABLE = """
+1 👍  thumbsup 👍  -1 👎  thumbsdown 👎  ok_hand 👌  clap 👏  wave 👋  pray 🙏  muscle 💪  raised_hands 🙌
point_right 👉  point_left 👈  point_up 👆  point_down 👇  eyes 👀  brain 🧠  handshake 🤝  writing_hand ✍️
white_check_mark ✅  heavy_check_mark ✔️  ballot_box_with_check ☑️  x ❌  negative_squared_cross_mark ❎
no_entry ⛔  no_entry_sign 🚫  warning ⚠️  rotating_light 🚨  exclamation ❗  heavy_exclamation_mark ❗  question ❓
grey_question ❔  grey_exclamation ❕  bangbang ‼️  information_source ℹ️  red_circle 🔴  large_orange_circle 🟠
orange_circle 🟠  large_yellow_circle 🟡  yellow_circle 🟡  large_green_circle 🟢  green_circle 🟢
large_blue_circle 🔵  blue_circle 🔵  large_purple_circle 🟣  white_circle ⚪  black_circle ⚫
red_square 🟥  large_red_square 🟥  orange_square 🟧  large_orange_square 🟧  yellow_square 🟨
large_yellow_square 🟨  green_square 🟩  large_green_square 🟩  blue_square 🟦  large_blue_square 🟦
white_large_square ⬜  black_large_square ⬛  white_small_square ▫️  black_small_square ▪️  radio_button 🔘
hourglass ⌛  hourglass_flowing_sand ⏳  stopwatch ⏱️  timer_clock ⏲️  alarm_clock ⏰  watch ⌚  clock1 🕐
clock2 🕑  clock3 🕒  clock4 🕓  clock5 🕔  clock6 🕕  clock7 🕖  clock8 🕗  clock9 🕘  clock10 🕙  clock11 🕚
clock12 🕛  calendar 📅  date 📅  spiral_calendar_pad 🗓️  sunrise 🌅  sunny ☀️  crescent_moon 🌙  zzz 💤
lock 🔒  unlock 🔓  closed_lock_with_key 🔐  key 🔑  shield 🛡️  link 🔗  paperclip 📎  pushpin 📌
round_pushpin 📍  bookmark 🔖  label 🏷️  memo 📝  pencil 📝  pencil2 ✏️  clipboard 📋  page_facing_up 📄
scroll 📜  file_folder 📁  open_file_folder 📂  card_index_dividers 🗂️  bar_chart 📊
chart_with_upwards_trend 📈  chart_with_downwards_trend 📉  package 📦  inbox_tray 📥  outbox_tray 📤  envelope ✉️
email 📧  incoming_envelope 📨  mailbox 📫  speech_balloon 💬  thought_balloon 💭  mega 📣  loudspeaker 📢  bell 🔔
no_bell 🔕  mag 🔍  mag_right 🔎  bulb 💡  wrench 🔧  hammer 🔨  hammer_and_wrench 🛠️  gear ⚙️  nut_and_bolt 🔩
toolbox 🧰  construction 🚧  rocket 🚀  satellite 📡  computer 💻  desktop_computer 🖥️  keyboard ⌨️  printer 🖨️
floppy_disk 💾  cd 💿  battery 🔋  electric_plug 🔌  globe_with_meridians 🌐  robot_face 🤖  ghost 👻  fire 🔥
boom 💥  zap ⚡  sparkles ✨  star ⭐  star2 🌟  tada 🎉  confetti_ball 🎊  trophy 🏆  checkered_flag 🏁
triangular_flag_on_post 🚩  white_flag 🏳️  heart ❤️  broken_heart 💔  100 💯  smile 😄  smiley 😃  grinning 😀
slightly_smiling_face 🙂  wink 😉  blush 😊  joy 😂  thinking_face 🤔  neutral_face 😐  confused 😕
disappointed 😞  cry 😢  sob 😭  scream 😱  sweat_smile 😅  sunglasses 😎  relieved 😌  bust_in_silhouette 👤
busts_in_silhouette 👥  man 👨  woman 👩  office 🏢  house 🏠  moneybag 💰  money_with_wings 💸  credit_card 💳
arrow_up ⬆️  arrow_down ⬇️  arrow_left ⬅️  arrow_right ➡️  arrow_upper_right ↗️  arrow_lower_right ↘️
arrow_right_hook ↪️  leftwards_arrow_with_hook ↩️  arrows_counterclockwise 🔄  repeat 🔁  twisted_rightwards_arrows 🔀
arrow_forward ▶️  arrow_backward ◀️  black_right_pointing_triangle_with_double_vertical_bar ⏯️  fast_forward ⏩
rewind ⏪  double_vertical_bar ⏸️  black_square_for_stop ⏹️  heavy_plus_sign ➕  heavy_minus_sign ➖
heavy_multiplication_x ✖️  heavy_dollar_sign 💲  recycle ♻️  hash #️⃣  one 1️⃣  two 2️⃣  three 3️⃣  four 4️⃣  five 5️⃣
six 6️⃣  seven 7️⃣  eight 8️⃣  nine 9️⃣  keycap_ten 🔟  zero 0️⃣  new 🆕  ok 🆗  sos 🆘  stop_sign 🛑  octagonal_sign 🛑
traffic_light 🚦  vertical_traffic_light 🚦  seedling 🌱  herb 🌿  coffee ☕  pizza 🍕  bug 🐛  lady_beetle 🐞
"""
_WORDS = _TABLE.split()
EMOJI: dict[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_TONES = dict(zip("23456", "🏻🏼🏽🏾🏿", strict=True))


def emoji(code: str) -> str | None:
    """The character of a short code without its colons (`+1`, `+1::skin-tone-3`), None when it is not known."""
    name, _, tone = code.partition("::skin-tone-")
    character = EMOJI.get(name)
    return character + _TONES.get(tone, "") if character else None
