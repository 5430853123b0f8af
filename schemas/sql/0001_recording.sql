-- The tables of the recording service: projections of its events, to be dropped and rebuilt at will.

CREATE TABLE IF NOT EXISTS projection_positions (
    name      text PRIMARY KEY,
    sequence  bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS recording_sessions (
    id                text PRIMARY KEY,
    user_id           text NOT NULL,
    workspace_id      text NOT NULL,
    title             text NOT NULL,
    description       text NOT NULL,
    recording_type    text NOT NULL CHECK (recording_type IN ('screen', 'webcam', 'screen_webcam')),
    status            text NOT NULL CHECK (status IN ('preparing', 'recording', 'processing', 'completed', 'failed')),
    paused            boolean NOT NULL DEFAULT false,
    settings          jsonb NOT NULL,
    started_at        timestamptz,
    ended_at          timestamptz,
    duration_seconds  double precision,
    file_size_bytes   bigint,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS recording_sessions_newest
    ON recording_sessions (workspace_id, user_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS recording_sessions_open
    ON recording_sessions (updated_at) WHERE status IN ('preparing', 'recording');

CREATE TABLE IF NOT EXISTS recording_segments (
    recording_id      text NOT NULL REFERENCES recording_sessions (id) ON DELETE CASCADE,
    segment_number    integer NOT NULL,
    started_at        timestamptz NOT NULL,
    ended_at          timestamptz,
    duration_seconds  double precision,
    file_path         text,
    PRIMARY KEY (recording_id, segment_number)
);

CREATE TABLE IF NOT EXISTS recording_templates (
    id            text PRIMARY KEY,
    user_id       text NOT NULL,
    workspace_id  text NOT NULL,
    name          text NOT NULL,
    description   text NOT NULL,
    settings      jsonb NOT NULL,
    is_default    boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS recording_templates_of_user ON recording_templates (workspace_id, user_id, name);
