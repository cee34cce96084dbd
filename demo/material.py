"""The evening in Port Elsewhere as its desks report it: fog, a tall ship, a stuck bridge, a vote, a cup tie.

`BEFORE` is on the page when the demo starts, oldest first. `EVENING` follows in order. `AGAIN` announces that it is
repeated. The town, its ships, its clubs and its people are invented.
"""

from demo.steps import Step, correct, publish, withdraw

HARBOUR_PICTURE = "/pictures/harbour.svg"
TIDE_PICTURE = "/pictures/tide.svg"

BEFORE: tuple[Step, ...] = (
    publish(
        "weather",
        "tonight",
        "Tonight in one line",
        """<p>Mild, almost no wind, and fog off the estuary before the lamps are lit. If you are coming
        down for Lantern Night, bring a coat and leave the car at the top of the hill.</p>""",
        "Forecast",
        "Lantern Night",
        minutes_ago=118,
    ),
    publish(
        "city",
        "agenda",
        "A long agenda and a short supper break",
        """<p>Good evening from the public gallery, where the heating is on and the clock is six minutes
        slow. The council has four things to settle before anyone goes home:</p>
        <ul><li>the <strong>night ferry</strong>, on trial or not at all;</li>
        <li>the bill for the <strong>swing bridge</strong>;</li>
        <li>who looks after the town clock (see above);</li>
        <li>a name for the new footpath behind the fish market.</li></ul>
        <p>The footpath is expected to take longest.</p>""",
        "Council",
        minutes_ago=109,
    ),
    publish(
        "harbour",
        "why-the-sea",
        "Why everybody is looking out to sea",
        """<p>The three-masted barque <em>Patient Heron</em> is due on tonight’s tide. She last called here
        forty years ago, stayed one night, and left behind a ship’s cat, two barrels of something the
        customs house never identified, and a debt at the Rope and Anchor that the landlady’s family
        still mentions at weddings.</p>
        <p>She carries no cargo these days. She carries a crew of nineteen, a school, and, we are told, an
        envelope addressed to the Rope and Anchor.</p>
        <p>To reach the inner basin she has to come up the channel in fading light, pass the swing bridge
        and turn in her own length. The harbourmaster calls this “entirely routine” and has put on her good
        hat.</p>""",
        "Patient Heron",
        "Lantern Night",
        minutes_ago=101,
    ),
    publish(
        "football",
        "team-news",
        "Cup quarter-final: the teams",
        """<p><strong>Elsewhere Rovers</strong> are unchanged from Saturday. The number 9’s ankle has been
        “spoken to” by the physio and is said to be listening.</p>
        <p><strong>Nowhere United</strong> rest their captain and start the teenager who scored four in the
        last round. They have brought eleven hundred people and one enormous drum.</p>""",
        "Cup",
        minutes_ago=92,
    ),
    publish(
        "harbour",
        "pilot-out",
        None,
        """<p>The pilot boat <em>Second Helping</em> has slipped her lines and is heading out to meet the
        <em>Heron</em>. Thermos aboard, dog aboard.</p>""",
        "Patient Heron",
        minutes_ago=80,
    ),
    publish(
        "city",
        "night-ferry-asked",
        "The night ferry: what is being asked",
        """<p>Today the last boat leaves before the last film ends. The trial would run for one winter:</p>
        <table><thead><tr><th></th><th>Now</th><th>Proposed</th></tr></thead>
        <tbody><tr><th>Last boat</th><td>22:10</td><td>00:40</td></tr>
        <tr><th>Single fare</th><td>3.00</td><td>3.50</td></tr>
        <tr><th>Cost a year</th><td>–</td><td>96,000 crowns</td></tr></tbody></table>
        <p>In favour: the theatre, the hospital, everybody under thirty. Against: the Hill ward, which has a
        very good view of the ferry and would like to sleep.</p>""",
        "Council",
        "Night ferry",
        minutes_ago=67,
    ),
    publish(
        "weather",
        "fog-amber",
        "Amber fog warning for the estuary",
        """<p>Visibility at the outer light is down to <strong>900 metres</strong> and falling. The fog
        signal is on: two long, one short. It is meant to sound like that.</p>""",
        "Warning",
        minutes_ago=52,
    ),
    publish(
        "football",
        "delayed",
        "Kick-off put back fifteen minutes",
        """<p>The referee walked to the centre circle, turned round, and could not see the goals. He will
        try again in a quarter of an hour. The big drum is keeping everyone’s spirits up, including
        those who would rather it did not.</p>""",
        "Cup",
        minutes_ago=38,
    ),
    publish(
        "harbour",
        "picture",
        "The harbour, before the fog came in",
        f"""<figure><img src="{HARBOUR_PICTURE}" width="960" height="540"
        alt="Dusk over a harbour: a lighthouse on the breakwater, hills behind it, a three-masted ship on
        the horizon" />
        <figcaption>An hour ago, from the steps of the customs house. The dark shape on the right is
        the <em>Patient Heron</em>, waiting for water.</figcaption></figure>""",
        "Patient Heron",
        "Lantern Night",
        minutes_ago=24,
    ),
    publish(
        "weather",
        "trams",
        "Trams: line 3 ends at the market tonight",
        """<p>Lantern Street is closed to traffic for the procession. Line 3 turns at the fish market, line
        1 runs every eight minutes, and the ferry is on time for the first time since Tuesday.</p>""",
        "Getting about",
        by="Town status",
        minutes_ago=15,
    ),
    publish(
        "city",
        "public-works-quote",
        "“It has opened every day since before I was born”",
        """<p>The chair of public works, asked whether the swing bridge can wait another year:</p>
        <blockquote><p>It has opened every day since before I was born. I do not intend to be the person
        standing next to it on the day it doesn’t.</p></blockquote>""",
        "Council",
        "Swing bridge",
        minutes_ago=8,
    ),
    publish(
        "football",
        "kick-off",
        "Kick-off at Tannery Lane",
        """<p>We can see both goals, more or less, and we are under way.</p>""",
        "Cup",
        minutes_ago=2,
    ),
)

EVENING: tuple[Step, ...] = (
    publish(
        "football",
        "chance-3",
        None,
        """<p><strong>3′</strong> First shot of the night, from Rovers’ number 7. High, wide and, judging
        by the splash, wet.</p>""",
        "Cup",
    ),
    publish(
        "harbour",
        "three-masts",
        "Three masts in the fog",
        """<p>There she is. The lookout on the breakwater saw the topmasts first, with no ship under them,
        which for a moment looked like exactly the kind of thing people come to Lantern Night for.</p>
        <p>The <em>Heron</em> answered the fog signal with her bell. You could hear the whole quay go
        quiet.</p>""",
        "Patient Heron",
    ),
    publish(
        "city",
        "bridge-bill",
        "The bridge bill: 412,000 crowns",
        """<p>Item two. New bearings, a new motor and a coat of paint for the swing bridge come to
        <strong>412,000 crowns</strong>. The paint is the part under discussion. Three shades of green
        have been passed round.</p>""",
        "Council",
        "Swing bridge",
    ),
    publish(
        "football",
        "goal-12",
        "GOAL! Rovers 0–1 United",
        """<p><strong>12′</strong> The teenager again. A long ball out of the fog, one touch, and he is
        past the keeper before most of the main stand knew there was an attack. The drum has lost its
        mind.</p>""",
        "Cup",
        "Goal",
    ),
    publish(
        "weather",
        "fog-400",
        "Visibility 400 metres",
        """<p>Down by half in an hour. The forecast still says it thins towards midnight; the forecaster
        has looked out of the window and says so more quietly.</p>""",
        "Warning",
    ),
    correct(
        "city",
        "bridge-bill",
        "The bridge bill: 421,000 crowns",
        """<p>Item two. New bearings, a new motor and a coat of paint for the swing bridge come to
        <strong>421,000 crowns</strong>. The paint is the part under discussion. Three shades of green
        have been passed round.</p>
        <p><em>Corrected: we had two digits the wrong way round. The treasurer noticed before we
        did.</em></p>""",
    ),
    publish(
        "harbour",
        "welcome-zh",
        "灯笼之夜：写给远道而来的朋友",
        """<p lang="zh-Hans">今晚港口起雾，请沿着红灯笼指引的路步行前往老码头。"""
        """渡轮照常运行，末班船离岸前会鸣笛三声。"""
        """穿黄色背心的都是志愿者，有问题尽管开口；绳索屋门口有免费热茶。</p>""",
        "Lantern Night",
        by="Visitors’ desk",
    ),
    publish(
        "football",
        "yellow-31",
        None,
        """<p><strong>31′</strong> Yellow card for United’s number 5, who tackled the corner flag.</p>""",
        "Cup",
    ),
    publish(
        "weather",
        "bridge-stuck",
        "Swing bridge stuck half open",
        """<p>The bridge started its turn for the <em>Patient Heron</em>, stopped at forty-five degrees and
        has not moved since. Nobody is on it. <strong>Foot passengers:</strong> use the ferry, which is
        free until further notice. <strong>Cyclists:</strong> likewise, and please stop ringing your
        bells.</p>""",
        "Getting about",
        "Swing bridge",
        by="Town status",
    ),
    publish(
        "football",
        "goal-34",
        "GOAL! Rovers 1–1 United",
        """<p><strong>34′</strong> Level! A corner, a scramble, a noise like a dropped piano, and the
        number 9 wheels away with both arms in the air. The ankle was listening.</p>""",
        "Cup",
        "Goal",
    ),
    correct(
        "football",
        "goal-34",
        "GOAL! Rovers 1–1 United (own goal)",
        """<p><strong>34′</strong> Level! A corner, a scramble, a noise like a dropped piano, and the
        number 9 wheels away with both arms in the air.</p>
        <p><em>Corrected: it went in off United’s number 4. The number 9 celebrated so well that we believed
        him.</em></p>""",
    ),
    publish(
        "city",
        "bridge-news-arrives",
        "A note is passed to the chair",
        """<p>The council has just learned, by way of a folded piece of paper, that the bridge whose repair
        it has been discussing for fifty minutes has stopped working. There was a silence, and then
        somebody laughed, and then it was everyone.</p>
        <p>The paint has been withdrawn. The bearings were carried without a vote.</p>""",
        "Council",
        "Swing bridge",
    ),
    publish(
        "harbour",
        "anchor",
        "The Heron drops anchor to wait",
        """<p>Two cables below the bridge, lamps lit fore and aft. Somebody aboard is playing an accordion,
        and somebody ashore is answering on a trumpet. They are not in the same key. Nobody minds.</p>""",
        "Patient Heron",
    ),
    publish(
        "weather",
        "lanterns",
        "🏮 4,060 lanterns and counting",
        """<p>The counters at the ropewalk have reached <strong>4,060</strong> 🏮, which beats last year by
        three hundred. Still to come: the Bakers’ guild 🥖, the swimming club 🏊 and one very tall heron 🪶
        on stilts.</p>""",
        "Lantern Night",
        by="Town status",
    ),
    publish(
        "football",
        "half-time",
        "Half-time: Rovers 1–1 United",
        """<p>What we learned, as far as anyone could see it:</p>
        <ul><li>United go long, because nobody can see it coming.</li>
        <li>Rovers’ left side is quick and their right side is optimistic.</li>
        <li>The pies are very good.</li></ul>""",
        "Cup",
    ),
    correct(
        "weather",
        "lanterns",
        "🏮 4,600 lanterns and counting",
        """<p>The counters at the ropewalk have reached <strong>4,600</strong> 🏮, which beats last year by
        more than eight hundred. Still to come: the Bakers’ guild 🥖, the swimming club 🏊 and one very
        tall heron 🪶 on stilts.</p>
        <p><em>Corrected: the counters had counted correctly. We had not.</em></p>""",
    ),
    publish(
        "harbour",
        "welcome-ar",
        "ليلة الفوانيس: كلمة ترحيب بالزوّار",
        """<p lang="ar" dir="rtl">أهلاً بكم في الميناء. الضباب كثيف هذا المساء، فسيروا على ضوء الفوانيس حتى
        الرصيف"""
        """القديم. يُقدَّم الشاي مجاناً عند بيت الحبال، وتُطلق العبّارة الأخيرة صفّارتها ثلاث مرّات قبل
        الإبحار.</p>""",
        "Lantern Night",
        by="Visitors’ desk",
    ),
    publish(
        "city",
        "ferry-debate",
        "“A town that ends at ten past ten”",
        """<p>The night ferry debate has begun, and the youngest member has already had the line of the
        evening:</p>
        <blockquote><p>I have lived all my life in a town that ends at ten past ten. I should like to find
        out what it does afterwards.</p></blockquote>
        <p>Applause from the gallery. The chair reminded the gallery that it is furniture.</p>""",
        "Council",
        "Night ferry",
    ),
    publish(
        "city",
        "slip",
        "HEADLINE TO COME please check spelling of bearing",
        """<p>para 1 para 1 para 1 (ask treasurer) do not publish yet</p>""",
    ),
    publish(
        "harbour",
        "grease",
        "Found: one engineer, under the bridge, cheerful",
        """<p>She is lying on her back in a rowing boat with a grease gun and a head torch. The diagnosis,
        shouted up to us: <q>Nothing is broken. It is only very, very disappointed.</q> Twenty minutes,
        she says.</p>""",
        "Swing bridge",
    ),
    withdraw("city", "slip"),
    correct(
        "football",
        "half-time",
        None,
        """<p>What we learned, as far as anyone could see it:</p>
        <ul><li>United go long, because nobody can see it coming.</li>
        <li>Rovers’ left side is quick and their right side is optimistic.</li>
        <li>The pies were very good.</li></ul>
        <p><em>Corrected: “were”. They have run out.</em></p>""",
    ),
    publish(
        "football",
        "save-58",
        None,
        """<p><strong>58′</strong> Save! Rovers’ keeper, at full stretch, from a shot she cannot have seen
        until it was already in her gloves.</p>""",
        "Cup",
    ),
    publish(
        "weather",
        "bridge-moving",
        "The swing bridge is moving",
        """<p>Slowly, and with a sound like a cello being put away, but moving. Keep clear of the barriers
        until both lights are green.</p>""",
        "Getting about",
        "Swing bridge",
        by="Town status",
    ),
    publish(
        "harbour",
        "through",
        "She is through",
        """<p>The <em>Patient Heron</em> passed the bridge under her own bare poles with a tug at each end
        and about the width of a kitchen table to spare. On the bridge wing the engineer saluted with
        the grease gun. The captain saluted back.</p>""",
        "Patient Heron",
        "Swing bridge",
    ),
    publish(
        "football",
        "goal-71",
        "GOAL! Rovers 1–2 United",
        """<p><strong>71′</strong> What a goal. Four passes along the ground, the last one a back-heel, and
        the number 11 sweeps it in from the edge of the area.</p>""",
        "Cup",
        "Goal",
    ),
    correct(
        "football",
        "goal-71",
        "GOAL! Rovers 2–1 United",
        """<p><strong>71′</strong> What a goal. Four passes along the ground, the last one a back-heel, and
        the number 11 sweeps it in from the edge of the area.</p>
        <p><em>Corrected: both sides have a number 11. This one is ours. Rovers lead, and we have moved to a
        seat with a better view.</em></p>""",
    ),
    publish(
        "city",
        "ferry-vote",
        "The night ferry is carried, 11–9",
        """<p>One winter, from the first of next month, last boat at 00:40. By ward:</p>
        <table><thead><tr><th>Ward</th><th>For</th><th>Against</th></tr></thead>
        <tbody><tr><td>Old Quay</td><td>4</td><td>0</td></tr>
        <tr><td>Ropewalk</td><td>3</td><td>1</td></tr>
        <tr><td>East Bank</td><td>2</td><td>3</td></tr>
        <tr><td>Hill</td><td>2</td><td>5</td></tr></tbody></table>
        <p>Two of the Hill members say they will buy earplugs and see.</p>""",
        "Council",
        "Night ferry",
    ),
    publish(
        "weather",
        "tide",
        "Tonight’s tide, drawn",
        f"""<figure><img src="{TIDE_PICTURE}" width="960" height="400"
        alt="A curve of the tide over twelve hours: low water, the present moment on the rising side, then
        high water" />
        <figcaption>We are at the bright dot. High water is generous tonight: 5.1 metres at the old gauge,
        enough to float three masts over the sill with room for a heron.</figcaption></figure>""",
        "Tides",
    ),
    publish(
        "harbour",
        "alongside",
        "Alongside, forty years later",
        """<p>First line ashore, then the second, and then the gangway, which came down on the quay with a
        bang that set off every gull in the county. The captain walked down it alone, in dress uniform
        and carpet slippers, crossed to the Rope and Anchor, and handed over an envelope.</p>
        <p>The landlady opened it, counted, and said it was short. The captain said forty years ago it had
        been a different price. They shook hands on half the difference, and the doors were opened to all
        nineteen of them.</p>
        <p>There is now no room to stand in the Rope and Anchor. We are reporting from the window.</p>""",
        "Patient Heron",
        "Lantern Night",
    ),
    correct(
        "city",
        "ferry-vote",
        "The night ferry is carried, 12–9",
        """<p>One winter, from the first of next month, last boat at 00:40. By ward:</p>
        <table><thead><tr><th>Ward</th><th>For</th><th>Against</th></tr></thead>
        <tbody><tr><td>Old Quay</td><td>4</td><td>0</td></tr>
        <tr><td>Ropewalk</td><td>3</td><td>1</td></tr>
        <tr><td>East Bank</td><td>3</td><td>3</td></tr>
        <tr><td>Hill</td><td>2</td><td>5</td></tr></tbody></table>
        <p>Two of the Hill members say they will buy earplugs and see.</p>
        <p><em>Corrected: the member for East Bank who spent the evening on the wrong side of the bridge had
        left a proxy. It was in favour of boats.</em></p>""",
    ),
    publish(
        "football",
        "goal-88",
        "GOAL! Rovers 2–2 United",
        """<p><strong>88′</strong> Oh no. A free kick that everybody left for everybody else. Extra time,
        unless the fog has something to say.</p>""",
        "Cup",
        "Goal",
    ),
    publish(
        "city",
        "next",
        "What happens next with the ferry",
        """<ol><li>The harbour office finds a crew for the late boat. Eleven people have applied since the
        vote.</li>
        <li>The timetable goes up for comment for two weeks.</li>
        <li>First late sailing: the first of the month, with music.</li></ol>""",
        "Council",
        "Night ferry",
    ),
    publish(
        "harbour",
        "cook",
        "From the galley",
        """<p>We asked the <em>Heron</em>’s cook what the crew had missed most at sea.</p>
        <blockquote><p>Onions that are not in a net. Doors that stay where you left them. Being
        asked.</p></blockquote>""",
        "Patient Heron",
    ),
    publish(
        "weather",
        "thinning",
        "The fog is thinning",
        """<p>1,500 metres at the outer light, and stars over the hill. The amber warning ends on the hour.
        The forecaster would like it noted that this was the forecast.</p>""",
        "Forecast",
    ),
    publish(
        "football",
        "goal-117",
        "GOAL! Rovers 3–2 United!",
        """<p><strong>117′</strong> The number 9! The ankle! From thirty metres, with the fog lifting off
        the pitch like a curtain, into the top corner. There are people on the touchline hugging the
        drum.</p>""",
        "Cup",
        "Goal",
    ),
    publish(
        "football",
        "full-time",
        "Full time: Rovers 3–2 United, after extra time",
        """<p><strong>Elsewhere Rovers are in the semi-final</strong> for the first time since the stand
        had a roof. United’s teenager got the loudest applause of all when he went off, and has been
        given a lantern.</p>
        <aside><p><strong>The night in numbers:</strong> 5 goals, 1 corner flag, 1,100 visitors, 1 drum,
        0 pies.</p></aside>
        <p>The draw is on Sunday. Thank you for reading through the fog.</p>""",
        "Cup",
    ),
    correct(
        "football",
        "goal-117",
        "GOAL! Rovers 3–2 United!",
        """<p><strong>117′</strong> The number 9! The ankle! From twenty metres, with the fog lifting off
        the pitch like a curtain, into the top corner. There are people on the touchline hugging the
        drum.</p>
        <p><em>Corrected: we have seen it again, without fog. It was twenty metres. It felt like
        thirty.</em></p>""",
    ),
    publish(
        "city",
        "rises",
        "The council rises, and the footpath has a name",
        """<p>After one hour and ten minutes, and by unanimous vote: it will be called <strong>The Footpath
        Behind the Fish Market</strong>. The clock is now seven minutes slow.</p>""",
        "Council",
    ),
    publish(
        "weather",
        "late-boats",
        "Getting home",
        """<p>An extra ferry leaves when the procession ends; listen for three blasts. Trams run all night
        on line 1. The bridge is open to anyone who promises to walk across it gently.</p>""",
        "Getting about",
        "Lantern Night",
        by="Town status",
    ),
    publish(
        "harbour",
        "learned",
        "Five things tonight taught us",
        """<ol><li>A bridge can be disappointed.</li><li>Forty years of interest is half the
        difference.</li>
        <li>Always ask which number 11.</li><li>Fog is only the sea coming to have a look.</li>
        <li>A town does not have to end at ten past ten.</li></ol>
        <aside><p><strong>That was the evening.</strong> The demo plays it again from here.</p></aside>""",
        "Lantern Night",
        by="Night editor",
    ),
)

AGAIN: Step = publish(
    "harbour",
    "again",
    "The evening begins again",
    """<p>This is a demo, and its story is over. The same posts follow once more, as new ones.</p>""",
    by="Night editor",
)
