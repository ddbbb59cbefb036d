# The site as an image: front-end packages and Python packages in stages of their own, neither npm nor pip's cache kept.
FROM node:22-bookworm-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm AS packages
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MEDIA_ROOT=/srv/media \
    BIND=0.0.0.0:8000
RUN useradd --system --uid 10001 --no-create-home gridmap \
    && install -d -o gridmap -g gridmap /srv/media
WORKDIR /srv/gridmap
COPY --from=packages /opt/venv /opt/venv
COPY --from=front-end /build/node_modules node_modules
COPY manage.py gunicorn.conf.py ./
COPY scripts/console.sh scripts/serve.sh scripts/
COPY fixtures fixtures
COPY geodata geodata
COPY gridmap gridmap
COPY cases cases
# Collecting files reads no secret and no database, but the settings insist on having been told.
RUN SECRET_KEY=not-used-here ALLOWED_HOSTS=localhost DATABASE_URL=postgres:///not-used-here \
    python manage.py collectstatic --noinput --verbosity 0
USER gridmap
VOLUME /srv/media
EXPOSE 8000
# Asked under a name the site answers to.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request as u; host = os.environ['ALLOWED_HOSTS'].split(',')[0].strip().lstrip('.').replace('*', 'localhost'); u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=4)"]
CMD ["scripts/serve.sh"]
