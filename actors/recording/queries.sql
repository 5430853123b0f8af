-- name: insert_recording
INSERT INTO recording_sessions
    (id, user_id, workspace_id, title, description, recording_type, status, settings, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'preparing', $7, $8, $8)
ON CONFLICT (id) DO NOTHING;

-- name: set_started
UPDATE recording_sessions SET status = 'recording', started_at = $2, updated_at = $2 WHERE id = $1;

-- name: set_paused
UPDATE recording_sessions SET paused = $2, updated_at = $3 WHERE id = $1;

-- name: set_stopped
UPDATE recording_sessions SET status = 'processing', paused = false, ended_at = $2, updated_at = $2 WHERE id = $1;

-- name: set_failed
UPDATE recording_sessions
SET status = 'failed', paused = false, ended_at = $2, updated_at = $2, failure_reason = $3
WHERE id = $1;

-- name: set_completed
UPDATE recording_sessions
SET status = 'completed', duration_seconds = $2, file_size_bytes = $3, updated_at = $4
WHERE id = $1;

-- name: set_words
UPDATE recording_sessions SET title = $2, description = $3, updated_at = $4 WHERE id = $1;

-- name: delete_recording
DELETE FROM recording_sessions WHERE id = $1;

-- name: open_stretch
INSERT INTO recording_segments (recording_id, segment_number, started_at)
SELECT $1, coalesce(max(segment_number) + 1, 0), $2 FROM recording_segments WHERE recording_id = $1;

-- name: close_stretch
UPDATE recording_segments SET ended_at = $2 WHERE recording_id = $1 AND ended_at IS NULL;

-- name: delete_stretches
DELETE FROM recording_segments WHERE recording_id = $1;

-- name: insert_stretch
INSERT INTO recording_segments (recording_id, segment_number, started_at, ended_at, duration_seconds, file_path)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: demote_templates
UPDATE recording_templates SET is_default = false WHERE user_id = $1 AND workspace_id = $2 AND id <> $3;

-- name: upsert_template
INSERT INTO recording_templates
    (id, user_id, workspace_id, name, description, settings, is_default, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
    settings = excluded.settings, is_default = excluded.is_default, updated_at = excluded.updated_at;

-- name: list_recordings
SELECT id, user_id, workspace_id, title, description, recording_type,
       CASE WHEN paused THEN 'paused' ELSE status END AS status,
       settings, created_at, updated_at, started_at, ended_at, duration_seconds, file_size_bytes, failure_reason
FROM recording_sessions
WHERE workspace_id = $1 AND user_id = $2 AND (created_at, id) < ($3, $4)
ORDER BY created_at DESC, id DESC
LIMIT $5;

-- name: list_ended
SELECT id FROM recording_sessions
WHERE workspace_id = $1 AND ended_at < $2 AND status IN ('completed', 'failed') ORDER BY ended_at, id LIMIT $3;

-- name: list_templates
SELECT id, user_id, name, description, settings, is_default
FROM recording_templates WHERE workspace_id = $1 AND user_id = $2 ORDER BY name, id;

-- name: list_open
SELECT id, recording_type, status, paused, updated_at FROM recording_sessions WHERE status IN ('preparing', 'recording');
