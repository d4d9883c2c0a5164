package bot

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
	"busker/words"
)

// settingsPages are the pages of /settings, in the order of their menu.
func settingsPages() []page {
	return []page{generalPage(), accessPage(), queueSettingsPage(), voicePage(), soundPage(), commandRolesPage()}
}

func generalPage() page {
	return page{name: "general", title: titleGeneral, fields: []field{
		{name: "language", title: textSetLanguage, about: textSetLanguageAbout, menu: languageMenu(
			func(s state) string { return s.guild.Language },
			func(ctx context.Context, c *call, tag string) error {
				return c.change(ctx, func(g *settings.Guild) { g.Language = tag })
			},
		)},
		{name: "channel", title: textSetChannel, about: textSetChannelAbout, ids: &ids{
			kind: discordgo.ChannelSelectMenu, most: 1, channels: textChannels,
			chosen: func(s state) []snowflake.ID { return some(s.guild.TextChannel) },
			set: func(ctx context.Context, c *call, chosen []snowflake.ID) error {
				return c.change(ctx, func(g *settings.Guild) { g.TextChannel = firstOf(chosen) })
			},
		}},
		{name: "announce", title: textSetAnnounce, about: textSetAnnounceAbout, menu: &menu{
			values: func(w tongue) []value {
				return []value{
					{name: string(settings.AnnounceCard), label: w.Say(choiceAnnounceCard)},
					{name: string(settings.AnnounceMessage), label: w.Say(choiceAnnounceMessage)},
					{name: string(settings.AnnounceOff), label: w.Say(choiceAnnounceOff)},
				}
			},
			chosen: func(s state) []string { return []string{string(s.guild.Announce)} },
			set: func(ctx context.Context, c *call, chosen []string) error {
				return c.change(ctx, func(g *settings.Guild) { g.Announce = settings.Announce(chosen[0]) })
			},
		}},
		guildToggle("follows", textSetFollows, textSetFollowsAbout, func(g *settings.Guild) *bool { return &g.CardFollows }),
		guildToggle("history", textSetHistory, textSetHistoryAbout, func(g *settings.Guild) *bool { return &g.History }),
	}}
}

func accessPage() page {
	return page{name: "access", title: titleAccess, fields: []field{
		guildIDs("djs", textSetDJs, textSetDJsAbout, discordgo.RoleSelectMenu, func(g *settings.Guild) *[]snowflake.ID { return &g.DJRoles }),
		{name: "vote", title: textSetVote, about: textSetVoteAbout, menu: numberMenu(
			func(w tongue) []value {
				return numbers(func(n int) string {
					if n == 0 {
						return w.Say(choiceNoVote)
					}
					return w.Say(choiceVote, n)
				}, 0, 25, 34, 50, 67, 75, 100)
			},
			func(s state) int { return s.guild.VoteSkip },
			func(g *settings.Guild, n int) { g.VoteSkip = n },
		)},
		guildToggle("requester", textSetRequester, textSetRequesterAbout, func(g *settings.Guild) *bool { return &g.RequesterRights }),
		guildIDs("users", textSetUsers, textSetUsersAbout, discordgo.UserSelectMenu, func(g *settings.Guild) *[]snowflake.ID { return &g.BlockedUsers }),
		blockedChannels(),
	}}
}

func blockedChannels() field {
	f := guildIDs("channels", textSetChannels, textSetChannelsAbout, discordgo.ChannelSelectMenu,
		func(g *settings.Guild) *[]snowflake.ID { return &g.BlockedChannels })
	f.ids.channels = slices.Concat(textChannels, voiceChannels)
	return f
}

func queueSettingsPage() page {
	amount := func(none string) func(w tongue) []value {
		return func(w tongue) []value {
			return numbers(func(n int) string {
				if n == 0 {
					return w.Say(none)
				}
				return w.tracks(n)
			}, 0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
		}
	}
	return page{name: "queue", title: titleQueue, fields: []field{
		{name: "most", title: textSetMost, menu: numberMenu(amount(choiceNoLimit),
			func(s state) int { return s.guild.MaxQueue }, func(g *settings.Guild, n int) { g.MaxQueue = n })},
		{name: "each", title: textSetEach, menu: numberMenu(amount(choiceNoLimit),
			func(s state) int { return s.guild.MaxPerUser }, func(g *settings.Guild, n int) { g.MaxPerUser = n })},
		guildToggle("duplicates", textSetDuplicates, textSetDuplicatesAbout, func(g *settings.Guild) *bool { return &g.NoDuplicates }),
		playerToggle("fair", textSetFair, textSetFairAbout,
			func(s player.Status) bool { return s.Fair }, func(on bool) player.Command { return player.Fair{On: on} }),
	}}
}

func voicePage() page {
	return page{name: "voice", title: titleVoice, fields: []field{
		{name: "leave", title: textSetLeave, about: textSetLeaveAbout, menu: numberMenu(
			func(w tongue) []value {
				return numbers(func(n int) string {
					if n == 0 {
						return w.Say(choiceUsualLeave)
					}
					return w.Say(textMinutes, n)
				}, 0, 1, 2, 5, 10, 15, 30, 60, 120, 360)
			},
			func(s state) int { return int(s.guild.AutoLeave / time.Minute) },
			func(g *settings.Guild, n int) { g.AutoLeave = time.Duration(n) * time.Minute },
		)},
		guildToggle("alone", textSetAlone, textSetAloneAbout, func(g *settings.Guild) *bool { return &g.PauseAlone }),
		playerToggle("stay", textSetStay, textSetStayAbout,
			func(s player.Status) bool { return s.Stay }, func(on bool) player.Command { return player.Stay{On: on} }),
		guildToggle("status", textSetStatus, textSetStatusAbout, func(g *settings.Guild) *bool { return &g.Status }),
	}}
}

func soundPage() page {
	return page{name: "sound", title: titleSound, fields: slices.Concat([]field{
		{name: "volume", title: textSetVolume, menu: playerMenu(
			func(w tongue) []value {
				return numbers(func(n int) string { return w.Say(choicePercent, n) }, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200)
			},
			func(s player.Status) int { return s.Volume },
			func(n int) player.Command { return player.Volume{Percent: n} },
		)},
		{name: "crossfade", title: textSetCrossfade, menu: playerMenu(
			func(w tongue) []value {
				return numbers(func(n int) string {
					if n == 0 {
						return w.Say(textIsOff)
					}
					return w.Say(textSeconds, n)
				}, 0, 1, 2, 3, 4, 5, 6, 8, 10, 12)
			},
			func(s player.Status) int { return wholeSeconds(s.Crossfade) },
			func(n int) player.Command { return player.Crossfade{Duration: time.Duration(n) * time.Second} },
		)},
		playerToggle("loudness", textSetLoudness, textSetLoudnessAbout,
			func(s player.Status) bool { return s.Normalise }, func(on bool) player.Command { return player.Normalise{On: on} }),
	}, effectsFields())}
}

// preferences are what people choose for themselves, everywhere.
func preferences() page {
	own := func(name, title, about string, of func(u *settings.User) *bool) field {
		return field{name: name, title: title, about: about, toggle: &toggle{
			on: func(s state) bool { return *of(&s.own) },
			set: func(ctx context.Context, c *call, on bool) error {
				return c.prefer(ctx, func(u *settings.User) { *of(u) = on })
			},
		}}
	}
	return page{name: "own", title: titlePreferences, fields: []field{
		{name: "language", title: textOwnLanguage, about: textOwnLanguageAbout, menu: languageMenu(
			func(s state) string { return s.own.Language },
			func(ctx context.Context, c *call, tag string) error {
				return c.prefer(ctx, func(u *settings.User) { u.Language = tag })
			},
		)},
		own("private", textOwnPrivate, textOwnPrivateAbout, func(u *settings.User) *bool { return &u.Private }),
		own("history", textOwnHistory, textOwnHistoryAbout, func(u *settings.User) *bool { return &u.NoHistory }),
	}}
}

var (
	textChannels  = []discordgo.ChannelType{discordgo.ChannelTypeGuildText, discordgo.ChannelTypeGuildNews}
	voiceChannels = []discordgo.ChannelType{discordgo.ChannelTypeGuildVoice, discordgo.ChannelTypeGuildStageVoice}
)

// automatic is the value of the line that leaves the language to Discord.
const automatic = "auto"

func languageMenu(now func(s state) string, set func(ctx context.Context, c *call, tag string) error) *menu {
	return &menu{
		values: func(w tongue) []value {
			languages := words.Languages()
			lines := append(make([]value, 0, 1+len(languages)), value{name: automatic, label: w.Say(choiceAutomatic)})
			for _, l := range languages {
				lines = append(lines, value{name: l.Tag, label: l.Name})
			}
			return lines
		},
		chosen: func(s state) []string {
			if tag := now(s); tag != "" {
				return []string{tag}
			}
			return []string{automatic}
		},
		set: func(ctx context.Context, c *call, chosen []string) error {
			if chosen[0] == automatic {
				return set(ctx, c, "")
			}
			return set(ctx, c, chosen[0])
		},
	}
}

func guildToggle(name, title, about string, of func(g *settings.Guild) *bool) field {
	return field{name: name, title: title, about: about, toggle: &toggle{
		on: func(s state) bool { return *of(&s.guild) },
		set: func(ctx context.Context, c *call, on bool) error {
			return c.change(ctx, func(g *settings.Guild) { *of(g) = on })
		},
	}}
}

func guildIDs(name, title, about string, kind discordgo.SelectMenuType, of func(g *settings.Guild) *[]snowflake.ID) field {
	return field{name: name, title: title, about: about, ids: &ids{
		kind: kind, most: settings.MaxRoles,
		chosen: func(s state) []snowflake.ID { return *of(&s.guild) },
		set: func(ctx context.Context, c *call, chosen []snowflake.ID) error {
			return c.change(ctx, func(g *settings.Guild) { *of(g) = chosen })
		},
	}}
}

func numberMenu(values func(w tongue) []value, now func(s state) int, set func(g *settings.Guild, n int)) *menu {
	return &menu{
		values: values,
		chosen: func(s state) []string { return []string{strconv.Itoa(now(s))} },
		set: func(ctx context.Context, c *call, chosen []string) error {
			n, err := strconv.Atoi(chosen[0])
			if err != nil { // choose let only our own values pass
				return err
			}
			return c.change(ctx, func(g *settings.Guild) { set(g, n) })
		},
	}
}

// playerToggle is what the guild's player keeps.
func playerToggle(name, title, about string, on func(s player.Status) bool, command func(on bool) player.Command) field {
	return field{name: name, title: title, about: about, toggle: &toggle{
		on: func(s state) bool { return on(s.status) },
		set: func(ctx context.Context, c *call, on bool) error {
			_, err := c.do(ctx, command(on))
			return err
		},
	}}
}

func playerMenu(values func(w tongue) []value, now func(s player.Status) int, command func(n int) player.Command) *menu {
	return &menu{
		values: values,
		chosen: func(s state) []string { return []string{strconv.Itoa(now(s.status))} },
		set: func(ctx context.Context, c *call, chosen []string) error {
			n, err := strconv.Atoi(chosen[0])
			if err != nil { // choose let only our own values pass
				return err
			}
			_, err = c.do(ctx, command(n))
			return err
		},
	}
}

func some(id snowflake.ID) []snowflake.ID {
	if id == 0 {
		return nil
	}
	return []snowflake.ID{id}
}

func firstOf(ids []snowflake.ID) snowflake.ID {
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}
