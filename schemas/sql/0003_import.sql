-- Files are imported as recordings, and a recording that failed says why.

ALTER TABLE recording_sessions
    DROP CONSTRAINT IF EXISTS recording_sessions_recording_type_check,
    ADD CONSTRAINT recording_sessions_recording_type_check
        CHECK (recording_type IN ('screen', 'webcam', 'screen_webcam', 'import')),
    ADD COLUMN IF NOT EXISTS failure_reason text;
