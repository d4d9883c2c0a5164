-- The commands of a guild that were carried out last, so that none is carried out twice.
-- They are as old as what they changed, and no part of a backup.

-- +goose Up
CREATE TABLE session_command (
	guild   BIGINT NOT NULL,
	slot    BIGINT NOT NULL, -- n modulo session.MaxApplied: each takes the place of one forgotten
	n       BIGINT NOT NULL,
	command TEXT   NOT NULL,
	applied TEXT   NOT NULL, -- session.Applied as JSON
	PRIMARY KEY (guild, slot)
);

-- +goose Down
DROP TABLE session_command;
