-- name: insert_job
INSERT INTO processing_jobs
    (id, recording_id, workspace_id, job_type, status, input_path, output_path, settings, created_at)
VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8)
ON CONFLICT (id) DO NOTHING;

-- name: set_started
UPDATE processing_jobs SET status = 'processing', started_at = $2 WHERE id = $1;

-- name: set_progress
UPDATE processing_jobs SET progress = $2 WHERE id = $1;

-- name: set_completed
UPDATE processing_jobs SET status = 'completed', progress = 100, completed_at = $2 WHERE id = $1;

-- name: set_failed
UPDATE processing_jobs SET status = 'failed', error_message = $2, completed_at = $3 WHERE id = $1;

-- name: set_queued
UPDATE processing_jobs
SET status = 'queued', error_message = NULL, started_at = NULL, completed_at = NULL
WHERE id = $1;

-- name: delete_job
DELETE FROM processing_jobs WHERE id = $1;

-- name: delete_jobs
DELETE FROM processing_jobs WHERE recording_id = $1;

-- name: upsert_metadata
INSERT INTO video_metadata
    (recording_id, file_path, file_size_bytes, duration_seconds, width, height, frame_rate, bitrate, codec, format,
     measured_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (recording_id) DO UPDATE SET file_path = excluded.file_path,
    file_size_bytes = excluded.file_size_bytes, duration_seconds = excluded.duration_seconds,
    width = excluded.width, height = excluded.height, frame_rate = excluded.frame_rate, bitrate = excluded.bitrate,
    codec = excluded.codec, format = excluded.format, measured_at = excluded.measured_at;

-- name: delete_metadata
DELETE FROM video_metadata WHERE recording_id = $1;

-- name: list_jobs
SELECT id, recording_id, workspace_id, job_type, status, progress, input_path, output_path, settings, created_at,
       error_message, started_at, completed_at
FROM processing_jobs
WHERE workspace_id = $1
  AND ($2::text IS NULL OR recording_id = $2)
  AND ($3::text IS NULL OR status = $3)
  AND (created_at, id) < ($4, $5)
ORDER BY created_at DESC, id DESC
LIMIT $6;

-- name: get_metadata
SELECT recording_id, file_path, file_size_bytes, duration_seconds, width, height, frame_rate, bitrate, codec, format,
       measured_at
FROM video_metadata WHERE recording_id = $1;
