// Package discord holds the words of Discord's API as its server speaks them: the
// objects on the wire, permission bits, errors, and the rules of form by which a
// message or a command is refused.
//
// It knows no state: who exists and what happened is package world's. Everything
// here is a value; slices inside a value are never changed after it is made.
package discord

import (
	"time"

	"busker/internal/snowflake"
)

// ID is Discord's snowflake.
type ID = snowflake.ID

// User is a person or the user of a bot.
type User struct {
	ID            ID      `json:"id"`
	Username      string  `json:"username"`
	Discriminator string  `json:"discriminator"` // "0" for people since 2023, four digits for bots
	GlobalName    *string `json:"global_name"`
	Avatar        *string `json:"avatar"`
	Bot           bool    `json:"bot,omitempty"`
	System        bool    `json:"system,omitempty"`
	PublicFlags   int     `json:"public_flags"`
}

// Application is the thing a bot belongs to; its id owns the commands.
type Application struct {
	ID                  ID       `json:"id"`
	Name                string   `json:"name"`
	Icon                *string  `json:"icon"`
	Description         string   `json:"description"`
	BotPublic           bool     `json:"bot_public"`
	BotRequireCodeGrant bool     `json:"bot_require_code_grant"`
	VerifyKey           string   `json:"verify_key"`
	Flags               int      `json:"flags"`
	Summary             string   `json:"summary"`
	Owner               *User    `json:"owner,omitempty"`
	Bot                 *User    `json:"bot,omitempty"`
	Tags                []string `json:"tags,omitempty"`
}

// Role of a guild. The role whose id is the guild's is @everyone.
type Role struct {
	ID          ID          `json:"id"`
	Name        string      `json:"name"`
	Color       int         `json:"color"`
	Hoist       bool        `json:"hoist"`
	Position    int         `json:"position"`
	Permissions Permissions `json:"permissions"`
	Managed     bool        `json:"managed"`
	Mentionable bool        `json:"mentionable"`
	Flags       int         `json:"flags"`
	Tags        *RoleTags   `json:"tags,omitempty"`
}

// RoleTags says whose role a managed role is.
type RoleTags struct {
	BotID ID `json:"bot_id,omitzero"`
}

// Member is a user in a guild. Inside a message's member and a guild's member
// list the same type is used; User is nil where Discord leaves it out.
type Member struct {
	User                       *User        `json:"user,omitempty"`
	Nick                       *string      `json:"nick"`
	Avatar                     *string      `json:"avatar"`
	Roles                      []ID         `json:"roles"`
	JoinedAt                   time.Time    `json:"joined_at"`
	PremiumSince               *time.Time   `json:"premium_since"`
	Deaf                       bool         `json:"deaf"`
	Mute                       bool         `json:"mute"`
	Pending                    bool         `json:"pending"`
	Flags                      int          `json:"flags"`
	CommunicationDisabledUntil *time.Time   `json:"communication_disabled_until"`
	Permissions                *Permissions `json:"permissions,omitempty"` // only in interactions
}

// Guild is a server without the parts that only GUILD_CREATE carries.
type Guild struct {
	ID                          ID       `json:"id"`
	Name                        string   `json:"name"`
	Icon                        *string  `json:"icon"`
	Splash                      *string  `json:"splash"`
	DiscoverySplash             *string  `json:"discovery_splash"`
	Description                 *string  `json:"description"`
	Banner                      *string  `json:"banner"`
	OwnerID                     ID       `json:"owner_id"`
	ApplicationID               *ID      `json:"application_id"`
	AFKChannelID                *ID      `json:"afk_channel_id"`
	AFKTimeout                  int      `json:"afk_timeout"` // seconds
	SystemChannelID             *ID      `json:"system_channel_id"`
	SystemChannelFlags          int      `json:"system_channel_flags"`
	RulesChannelID              *ID      `json:"rules_channel_id"`
	PublicUpdatesChannelID      *ID      `json:"public_updates_channel_id"`
	VerificationLevel           int      `json:"verification_level"`
	DefaultMessageNotifications int      `json:"default_message_notifications"`
	ExplicitContentFilter       int      `json:"explicit_content_filter"`
	MFALevel                    int      `json:"mfa_level"`
	NSFWLevel                   int      `json:"nsfw_level"`
	PremiumTier                 int      `json:"premium_tier"`
	PremiumSubscriptionCount    int      `json:"premium_subscription_count"`
	PremiumProgressBarEnabled   bool     `json:"premium_progress_bar_enabled"`
	PreferredLocale             string   `json:"preferred_locale"`
	VanityURLCode               *string  `json:"vanity_url_code"`
	MaxMembers                  int      `json:"max_members"`
	MaxVideoChannelUsers        int      `json:"max_video_channel_users"`
	Features                    []string `json:"features"`
	Roles                       []Role   `json:"roles"`
	Emojis                      []Emoji  `json:"emojis"`
	Stickers                    []any    `json:"stickers"`
	ApproximateMemberCount      int      `json:"approximate_member_count,omitempty"`
}

// FullGuild is a guild as GUILD_CREATE carries it.
type FullGuild struct {
	Guild
	JoinedAt             time.Time    `json:"joined_at"` // when the bot joined
	Large                bool         `json:"large"`
	Unavailable          bool         `json:"unavailable"`
	MemberCount          int          `json:"member_count"`
	VoiceStates          []VoiceState `json:"voice_states"`
	Members              []Member     `json:"members"`
	Channels             []Channel    `json:"channels"`
	Threads              []any        `json:"threads"`
	Presences            []any        `json:"presences"`
	StageInstances       []any        `json:"stage_instances"`
	GuildScheduledEvents []any        `json:"guild_scheduled_events"`
	SoundboardSounds     []any        `json:"soundboard_sounds"`
}

// ChannelType is what a channel is for.
type ChannelType int

// The channel types this emulator has.
const (
	TextChannel  ChannelType = 0
	VoiceChannel ChannelType = 2
	StageChannel ChannelType = 13
)

// Voice reports whether people can join the channel with their microphone.
func (t ChannelType) Voice() bool { return t == VoiceChannel || t == StageChannel }

// Channel of a guild. Voice fields are nil in a text channel.
type Channel struct {
	ID                   ID          `json:"id"`
	Type                 ChannelType `json:"type"`
	GuildID              ID          `json:"guild_id"`
	Name                 string      `json:"name"`
	Position             int         `json:"position"`
	PermissionOverwrites []Overwrite `json:"permission_overwrites"`
	ParentID             *ID         `json:"parent_id"`
	NSFW                 bool        `json:"nsfw"`
	Flags                int         `json:"flags"`
	RateLimitPerUser     int         `json:"rate_limit_per_user"`
	LastMessageID        *ID         `json:"last_message_id"`
	Topic                *string     `json:"topic,omitempty"`
	Bitrate              *int        `json:"bitrate,omitempty"`    // bits per second
	UserLimit            *int        `json:"user_limit,omitempty"` // 0: no limit
	RTCRegion            *string     `json:"rtc_region,omitempty"`
}

// Overwrite changes the permissions of a role (type 0) or a member (type 1) in
// one channel.
type Overwrite struct {
	ID    ID          `json:"id"`
	Type  int         `json:"type"`
	Allow Permissions `json:"allow"`
	Deny  Permissions `json:"deny"`
}

// VoiceState says where a user is with their voice; ChannelID 0 (null) is nowhere.
type VoiceState struct {
	GuildID                 ID         `json:"guild_id,omitzero"` // left out inside GUILD_CREATE
	ChannelID               ID         `json:"channel_id"`
	UserID                  ID         `json:"user_id"`
	Member                  *Member    `json:"member,omitempty"`
	SessionID               string     `json:"session_id"` // of the user's main gateway session
	Deaf                    bool       `json:"deaf"`
	Mute                    bool       `json:"mute"`
	SelfDeaf                bool       `json:"self_deaf"`
	SelfMute                bool       `json:"self_mute"`
	SelfVideo               bool       `json:"self_video"`
	Suppress                bool       `json:"suppress"`
	RequestToSpeakTimestamp *time.Time `json:"request_to_speak_timestamp"`
}
