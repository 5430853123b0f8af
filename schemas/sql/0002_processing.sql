-- The tables of the processing service: projections of its events, to be dropped and rebuilt at will.

CREATE TABLE IF NOT EXISTS processing_jobs (
    id             text PRIMARY KEY,
    recording_id   text NOT NULL,
    workspace_id   text NOT NULL,
    job_type       text NOT NULL CHECK (job_type IN ('transcode', 'thumbnail', 'optimize', 'analyze')),
    status         text NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    progress       integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    input_path     text NOT NULL,
    output_path    text NOT NULL,
    settings       jsonb NOT NULL,
    error_message  text,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    completed_at   timestamptz
);

CREATE INDEX IF NOT EXISTS processing_jobs_newest ON processing_jobs (workspace_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS processing_jobs_of_recording ON processing_jobs (recording_id);

CREATE TABLE IF NOT EXISTS video_metadata (
    recording_id      text PRIMARY KEY,
    file_path         text NOT NULL,
    file_size_bytes   bigint NOT NULL,
    duration_seconds  double precision NOT NULL,
    width             integer,
    height            integer,
    frame_rate        double precision,
    bitrate           bigint NOT NULL,
    codec             text NOT NULL,
    format            text NOT NULL,
    measured_at       timestamptz NOT NULL
);
