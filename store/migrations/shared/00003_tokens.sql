-- Who may write a guild's session: nobody with an older token than the newest known.
-- A fence of the running processes: it is no part of a backup.

-- +goose Up
CREATE TABLE session_token (
	guild BIGINT PRIMARY KEY,
	token BIGINT NOT NULL
);

-- +goose Down
DROP TABLE session_token;
