-- Tables whose rows are numbered by the database.

-- +goose Up
CREATE TABLE playlist (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	owner    BIGINT NOT NULL,
	kind     TEXT   NOT NULL, -- whose id owner is: user or guild
	maker    BIGINT NOT NULL, -- 0 = somebody whose data was erased
	name     TEXT   NOT NULL,
	name_key TEXT   NOT NULL, -- playlists.NameKey of name
	version  BIGINT NOT NULL,
	tracks   BIGINT NOT NULL,
	length   BIGINT NOT NULL, -- nanoseconds
	updated  BIGINT NOT NULL,
	UNIQUE (owner, kind, name_key)
);
CREATE INDEX playlist_maker ON playlist (maker);
CREATE TABLE playlist_entry (
	playlist BIGINT NOT NULL REFERENCES playlist (id) ON DELETE CASCADE,
	n        BIGINT NOT NULL, -- entries are in the order of n, which may have gaps
	track    TEXT   NOT NULL, -- track.Track as JSON
	at       BIGINT NOT NULL,
	adder    BIGINT NOT NULL, -- 0 = somebody whose data was erased
	PRIMARY KEY (playlist, n)
);
CREATE INDEX playlist_entry_adder ON playlist_entry (adder);

CREATE TABLE play (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	guild     BIGINT NOT NULL,
	requester BIGINT NOT NULL, -- 0 = nobody, or somebody whose data was erased
	track_key TEXT   NOT NULL, -- as in favourite
	track     TEXT   NOT NULL, -- track.Track as JSON
	at        BIGINT NOT NULL,
	heard     BIGINT NOT NULL  -- nanoseconds
);
CREATE INDEX play_guild ON play (guild, id);
CREATE INDEX play_requester ON play (requester, id);
CREATE INDEX play_at ON play (at);

CREATE TABLE audit (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	guild   BIGINT NOT NULL,
	actor   BIGINT NOT NULL, -- 0 = nobody, or somebody whose data was erased
	face    TEXT   NOT NULL,
	command TEXT   NOT NULL,
	detail  TEXT   NOT NULL,
	result  TEXT   NOT NULL, -- kind of the fault; empty = it was done
	at      BIGINT NOT NULL
);
CREATE INDEX audit_guild ON audit (guild, id);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_at ON audit (at);

-- +goose Down
DROP TABLE audit;
DROP TABLE play;
DROP TABLE playlist_entry;
DROP TABLE playlist;
