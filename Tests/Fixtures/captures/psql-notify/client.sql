listen news;
notify news, 'first';
begin;
select pg_notify('news', 'second'), pg_notify('news', 'second');
select 1;
commit;
unlisten *;
