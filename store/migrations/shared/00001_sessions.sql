-- Ids of Discord and of queue items are 64 bits without a sign, kept in 64 bits with
-- one. Times are Unix milliseconds.

-- +goose Up
CREATE TABLE guild_settings (
	guild    BIGINT PRIMARY KEY,
	settings TEXT   NOT NULL -- settings.Guild as JSON
);
CREATE TABLE user_settings (
	user_id  BIGINT PRIMARY KEY,
	settings TEXT   NOT NULL -- settings.User as JSON
);
CREATE TABLE session_sound (
	guild BIGINT PRIMARY KEY,
	sound TEXT   NOT NULL -- session.Sound as JSON
);
CREATE TABLE session_place (
	guild   BIGINT PRIMARY KEY,
	channel BIGINT NOT NULL, -- 0 = none
	at      BIGINT NOT NULL,
	place   TEXT   NOT NULL -- session.Place as JSON
);
CREATE INDEX session_place_channel ON session_place (at) WHERE channel <> 0;
CREATE TABLE heartbeat (
	process TEXT   PRIMARY KEY,
	at      BIGINT NOT NULL
);

-- A queue is its newest snapshot and the changes since. Both name items by id: their
-- content is in rows of their own, written once.
CREATE TABLE queue_item (
	guild     BIGINT NOT NULL,
	item      BIGINT NOT NULL,
	requester BIGINT NOT NULL, -- 0 = nobody, or somebody whose data was erased
	track     TEXT   NOT NULL, -- track.Track as JSON
	PRIMARY KEY (guild, item)
);
CREATE INDEX queue_item_requester ON queue_item (requester);
CREATE TABLE queue_state (
	guild BIGINT PRIMARY KEY,
	seq   BIGINT NOT NULL, -- of the last change in it
	state TEXT   NOT NULL  -- queue.State as JSON, items as ids
);
CREATE TABLE queue_change (
	guild  BIGINT NOT NULL,
	seq    BIGINT NOT NULL,
	change TEXT   NOT NULL, -- queue.Change as JSON, items as ids
	PRIMARY KEY (guild, seq)
);

-- Where the bot's one message of a guild is.
CREATE TABLE card (
	guild   BIGINT PRIMARY KEY,
	channel BIGINT NOT NULL,
	message BIGINT NOT NULL,
	serial  BIGINT NOT NULL
);

-- Guilds the bot was removed from: their rows go after a time.
CREATE TABLE departed_guild (
	guild BIGINT PRIMARY KEY,
	at    BIGINT NOT NULL
);

CREATE TABLE favourite (
	user_id BIGINT NOT NULL,
	n       BIGINT NOT NULL, -- grows with every favourite of the person
	track_key TEXT NOT NULL, -- hash of playlists.Key: URIs are too long for an index
	track   TEXT   NOT NULL, -- track.Track as JSON
	at      BIGINT NOT NULL,
	PRIMARY KEY (user_id, track_key)
);

-- +goose Down
DROP TABLE favourite;
DROP TABLE departed_guild;
DROP TABLE card;
DROP TABLE queue_change;
DROP TABLE queue_state;
DROP TABLE queue_item;
DROP TABLE heartbeat;
DROP TABLE session_place;
DROP TABLE session_sound;
DROP TABLE user_settings;
DROP TABLE guild_settings;
